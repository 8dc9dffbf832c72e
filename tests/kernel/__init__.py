"""Every rule of the kernel as a named test, and the law over generated histories."""
