"""Run the fake as a process: `python -m tests.fake_stripe [--port N]`; it prints its address."""

import argparse

from tests.fake_stripe.wire import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="fake_stripe")
    parser.add_argument("--port", type=int, default=0)
    server = serve(parser.parse_args().port)
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
