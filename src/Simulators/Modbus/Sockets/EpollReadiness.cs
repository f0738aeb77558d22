using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Rondo.Simulators.Modbus;

/// <summary>One thread around epoll(7), level-triggered. Everything a socket event causes is done on that thread, without waking another one.</summary>
internal sealed class EpollReadiness : Readiness
{
    private const int Batch = 256;
    private const int WakeUp = -1;
    private const int ControlAdd = 1;
    private const int ControlModify = 3;
    private const uint Readable = 1;

    // struct epoll_event is packed on x86-64 only (sys/epoll.h, EPOLL_PACKED): the data follow the events at 4 there, at 8 elsewhere.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataOffset + 8;

    // Keyed by descriptor. An event for a descriptor that was closed and given out again meanwhile reaches the new owner,
    // who reads, finds nothing, and is none the worse.
    private readonly ConcurrentDictionary<int, IReady> _watched = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly int _epoll;
    private readonly int _wake;
    private volatile bool _stopping;

    public EpollReadiness()
    {
        _epoll = Checked(NativeMethods.epoll_create1(0x80000), "epoll_create1");
        _wake = Checked(NativeMethods.eventfd(0, 0x80000), "eventfd");
        Control(ControlAdd, _wake, Readable, WakeUp);
        new Thread(Loop) { IsBackground = true, Name = "modbus simulator" }.Start();
    }

    public override void Listen(Socket listener, Doorway door) => Watch(listener, door);

    public override void Watch(Socket socket, IReady ready)
    {
        var descriptor = (int)socket.Handle;
        _watched[descriptor] = ready;
        Control(ControlAdd, descriptor, Readable, descriptor);
    }

    public override void Forget(Socket socket, IReady ready) => _watched.TryRemove(KeyValuePair.Create((int)socket.Handle, ready));

    public override void Pause(Socket listener) => Control(ControlModify, (int)listener.Handle, 0, (int)listener.Handle);

    public override void Resume(Socket listener) => Control(ControlModify, (int)listener.Handle, Readable, (int)listener.Handle);

    public override async ValueTask DisposeAsync()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        var one = 1L;
        _ = NativeMethods.write(_wake, ref one, 8);
        await _ended.Task;
        _ = NativeMethods.close(_wake);
        _ = NativeMethods.close(_epoll);
    }

    private void Loop()
    {
        var events = new byte[Batch * EventSize];
        var scratch = new byte[4096];
        while (!_stopping)
        {
            var count = NativeMethods.epoll_wait(_epoll, ref events[0], Batch, -1);
            for (var i = 0; i < count && !_stopping; i++)
            {
                var descriptor = MemoryMarshal.Read<int>(events.AsSpan((i * EventSize) + DataOffset));
                if (_watched.TryGetValue(descriptor, out var ready))
                {
                    ready.OnReady(scratch);
                }
            }
        }

        _ended.SetResult();
    }

    private void Control(int operation, int descriptor, uint events, int data)
    {
        Span<byte> request = stackalloc byte[16];
        request.Clear();
        MemoryMarshal.Write(request, events);
        MemoryMarshal.Write(request[DataOffset..], (long)data);
        Checked(NativeMethods.epoll_ctl(_epoll, operation, descriptor, ref request[0]), "epoll_ctl");
    }

    private static int Checked(int result, string call)
        => result >= 0 ? result : throw new SimulatorStartException($"{call} failed: {new Win32Exception(Marshal.GetLastPInvokeError()).Message}.");

    private static class NativeMethods
    {
        [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int epoll_create1(int flags);

        [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int epoll_ctl(int epoll, int operation, int descriptor, ref byte request);

        [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int epoll_wait(int epoll, ref byte events, int most, int timeout);

        [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int eventfd(uint value, int flags);

        [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern nint write(int descriptor, ref long value, nint length);

        [DllImport("libc", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
        public static extern int close(int descriptor);
    }
}
