"""From a formula to what is tested: design matrix, contrasts, their partition, exchangeability."""
