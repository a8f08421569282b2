"""What every app may use and knows none of them."""
