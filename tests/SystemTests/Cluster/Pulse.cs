using System.Diagnostics;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// Tells the machine's fault from the product's: a thread that wants to run every 20 ms and writes down when it could not. While it waits for a processor, so
/// does everybody else.
/// </summary>
internal sealed class Pulse : IDisposable
{
    private static readonly TimeSpan Beat = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(100);
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;

    public Pulse(FaultLog faults)
    {
        _thread = new Thread(() =>
        {
            var last = Stopwatch.GetTimestamp();
            while (!_ended.Wait(Beat))
            {
                var took = Stopwatch.GetElapsedTime(last);
                last = Stopwatch.GetTimestamp();
                if (took > Stall)
                {
                    faults.Add(new Fault(FaultKind.Slow, "", Site.Now - took, Site.Now));
                }
            }
        })
        { IsBackground = true, Name = "pulse" };
        _thread.Start();
    }

    public void Dispose()
    {
        _ended.Set();
        _thread.Join();
        _ended.Dispose();
    }
}
