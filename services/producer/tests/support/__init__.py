"""What several tests share: a producer in memory, the process, a vendor, a simulated schedule."""
