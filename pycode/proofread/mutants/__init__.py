"""Plants errors in the printed displays and sees whether the checker finds them."""
