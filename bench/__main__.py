"""`make bench`: prints all measurements as tables. docs/performance.md has the latest figures."""

from bench import bench_convergence, bench_deletion, bench_processing, bench_server

bench_processing.main()
bench_server.main()
bench_deletion.main()
bench_convergence.main()
