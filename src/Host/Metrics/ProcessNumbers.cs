using System.Diagnostics;
using System.Globalization;

namespace Rondo.Host.Metrics;

/// <summary>What the system and the runtime say of the process.</summary>
internal static class ProcessNumbers
{
    public static void Collect(Collected into)
    {
        using var process = Process.GetCurrentProcess();
        into.Add(RondoMetrics.ProcessCpu, process.TotalProcessorTime.TotalSeconds);
        into.Add(RondoMetrics.ProcessMemory, process.WorkingSet64);
        into.Add(RondoMetrics.ProcessStart, new DateTimeOffset(process.StartTime).ToUnixTimeMilliseconds() / 1000.0);
        if (Directory.Exists("/proc/self/fd"))
        {
            into.Add(RondoMetrics.ProcessFiles, Directory.EnumerateFileSystemEntries("/proc/self/fd").Count());
        }

        into.Add(RondoMetrics.ProcessThreads, process.Threads.Count);
        into.Add(RondoMetrics.PoolThreads, ThreadPool.ThreadCount);
        into.Add(RondoMetrics.PoolQueue, ThreadPool.PendingWorkItemCount);
        for (var generation = 0; generation <= GC.MaxGeneration; generation++)
        {
            into.Add(RondoMetrics.GcCollections, GC.CollectionCount(generation), generation.ToString(CultureInfo.InvariantCulture));
        }

        into.Add(RondoMetrics.GcPause, GC.GetTotalPauseDuration().TotalSeconds);
        into.Add(RondoMetrics.GcAllocated, GC.GetTotalAllocatedBytes());
        into.Add(RondoMetrics.GcHeap, GC.GetGCMemoryInfo().HeapSizeBytes);
    }
}
