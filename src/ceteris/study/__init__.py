"""What is asked: studies, their variations, and the runs they come to."""
