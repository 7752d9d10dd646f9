"""`make bench`: prints figures, and in the end one table of goals. docs/performance.md has the latest."""

from bench import (
    bench_archive,
    bench_convergence,
    bench_deletion,
    bench_ingest,
    bench_lists,
    bench_pipeline,
    bench_processing,
    bench_scrolling,
    bench_server,
    bench_serving,
)
from bench.goals import table

bench_processing.main()
bench_server.main()
bench_deletion.compare_databases()
bench_convergence.main()
bench_archive.main()
bench_scrolling.main()
with_goals = (bench_pipeline, bench_ingest, bench_serving, bench_lists, bench_deletion)
print(table(goal for bench in with_goals for goal in bench.goals()))
