"""What tests of an application that uses Workhorse may use."""
