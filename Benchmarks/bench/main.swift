try SourceBenchmarks.run()
