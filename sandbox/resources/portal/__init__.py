"""The customer portal: what customers may change there, and the sessions in which they do."""
