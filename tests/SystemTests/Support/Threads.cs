using System.Runtime.CompilerServices;

namespace Rondo.SystemTests.Support;

/// <summary>
/// The field is in this process: simulated devices and the ways to them and to the database. While a test waits for a command of the system or blocks a thread,
/// they must go on at once and not when the pool has grown, or what they saw and when is not what happened.
/// </summary>
internal static class Threads
{
    [ModuleInitializer]
    internal static void Provide() => ThreadPool.SetMinThreads(32, 32);
}
