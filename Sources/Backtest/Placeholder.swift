enum BacktestPlaceholder {}
