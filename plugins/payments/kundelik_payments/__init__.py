"""Take money for what families and schools may buy, and give it back."""
