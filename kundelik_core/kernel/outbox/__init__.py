"""Tell plugins what has changed: written with the change, delivered after it, at least once.

``emit`` is called by actions inside their transaction, ``deliver`` takes the rows to the plugins
later, ``letters`` keeps those that no plugin would take. Nobody subscribes, nobody pays.
"""
