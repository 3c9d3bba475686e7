"""Pay vendors what their sales have earned: decided and booked first, handed over afterwards."""
