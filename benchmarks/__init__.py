"""The product beside what a user would take instead: ``make bench``. Not part of the tests."""
