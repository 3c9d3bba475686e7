"""Lead each plugin through its life: found, approved, migrated, loaded, taken away, erased.

``rules`` decides, ``operate`` and ``remove`` do what the operator asks, ``running`` is what a
process loaded and may call.
"""
