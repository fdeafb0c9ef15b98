"""Who trains what, where and when: packed batches, the worker that trains one, the executor that spreads them out."""
