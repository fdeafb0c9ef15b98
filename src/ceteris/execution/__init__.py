"""Who trains what, where and when: banks, the worker that trains them, and the executor that spreads them out."""
