"""Queue work for later and run it beside the server, in the jobs source.

``queue`` puts work in and looks at it (every process), ``worker`` takes it out (``kundelik worker``
alone: only there is the queue's library imported), ``schema`` makes its tables.
"""
