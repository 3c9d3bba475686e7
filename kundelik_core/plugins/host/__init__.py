"""Run plugins in processes of their own: the same wheel, the same answers, at nobody's cost."""
