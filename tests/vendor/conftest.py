"""Keep the suite out of the vendor's own folders: they are no part of the workspace."""

collect_ignore_glob = ["kundelik-lost-found*"]
