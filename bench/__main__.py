"""`make bench`: everything measured, as tables. The latest figures are in docs/performance.md."""

from bench import bench_convergence, bench_deletion, bench_processing, bench_server

bench_processing.main()
bench_server.main()
bench_deletion.main()
bench_convergence.main()
