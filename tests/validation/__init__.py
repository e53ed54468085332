"""What shows that the inference is right: error rates under the null, power, agreement with other tools."""
