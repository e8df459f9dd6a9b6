"""Who answers: the champion, kept in memory, and what stands in for it."""
