"""Show a family how its child stands in the group, and nothing about any other child."""
