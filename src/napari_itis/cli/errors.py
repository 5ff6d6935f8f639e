"""What is wrong with what the user gave."""


class InputError(ValueError):
    """Wrong input; the message is one line: what is wrong, where, what would be right."""
