"""What you tell us: answers and measurements, parsed once, and the facts that follow from them."""
