using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;
using static Rondo.Tests.Drivers.Reading;

namespace Rondo.Tests.Drivers;

/// <summary>Counts what the whole process allocates, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(Alone), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(Alone))]
public sealed class AllocationTests
{
    private const int Polls = 5000;

    [Fact]
    public async Task A_poll_in_steady_state_allocates_nothing()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var serving = new Thread(() => Serve(listener));
        serving.Start();

        var points = Enumerable.Range(0, 10).Select(i => new ModbusPoint { Address = i * 2, Scale = i % 2 == 0 ? 1 : 0.1m }).ToArray();
        var plan = ModbusReadPlan.Build(new ModbusDeviceSettings(), points);
        var result = new ReadResult();
        using var stop = new CancellationTokenSource();
        long allocated;
        await using (var session = new ModbusSession("127.0.0.1", ((IPEndPoint)listener.LocalEndPoint!).Port, Fast, TimeProvider.System))
        {
            await RunAsync(session, plan, result, stop.Token);
            var before = GC.GetTotalAllocatedBytes(precise: true);
            await RunAsync(session, plan, result, stop.Token);
            allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        }

        serving.Join();

        // Optimised, a poll measures below 5 bytes, the runtime's own background; one boxed state machine would be 100 and more. In a
        // debug build every state machine is a class of its own, two a poll.
        var debug = typeof(ModbusSession).Assembly.GetCustomAttribute<DebuggableAttribute>()?.IsJITOptimizerDisabled == true;
        Assert.InRange(allocated / (double)Polls, 0, debug ? 600 : 24);
    }

    private static async Task RunAsync(ModbusSession session, ReadPlan plan, ReadResult result, CancellationToken stop)
    {
        for (var i = 0; i < Polls; i++)
        {
            await session.ReadAsync(plan, result, Deadline(), stop);
            if (result.Good != 10)
            {
                Assert.Fail($"poll {i} ended with {result.Fault}");
            }
        }
    }

    /// <summary>A blocking server that allocates nothing per request: ten floats of 230.1.</summary>
    private static void Serve(Socket listener)
    {
        using var client = listener.Accept();
        client.NoDelay = true;
        var buffer = new byte[260];
        var reply = new byte[MbapFrame.HeaderLength + 2 + 40];
        reply[7] = 4;
        reply[8] = 40;
        for (var i = 0; i < 10; i++)
        {
            RegisterCodec.Encode(230.1, ModbusType.Float32, ModbusOrder.ABCD, reply.AsSpan(9 + (i * 4)));
        }

        while (client.Receive(buffer) > 0)
        {
            MbapFrame.WriteHeader(reply, (ushort)((buffer[0] << 8) | buffer[1]), buffer[6], 42);
            client.Send(reply);
        }
    }
}
