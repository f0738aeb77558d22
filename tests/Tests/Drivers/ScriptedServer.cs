using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Rondo.Drivers.Modbus;

namespace Rondo.Tests.Drivers;

/// <summary>One request as it arrived.</summary>
internal sealed record Arrival(int Connection, long At, byte[] Frame, byte Unit, byte[] Pdu, ushort Transaction);

/// <summary>
/// A Modbus server on loopback whose every answer is decided by a function: it gets the request and the connection, and sends what it
/// likes. Without a script it answers reads with each register holding its own address.
/// </summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<ScriptedServer, Socket, Arrival, ValueTask> _script;
    private readonly bool _rtu;
    private readonly Task _accepting;
    private readonly ConcurrentBag<Task> _serving = [];

    public ScriptedServer(Func<ScriptedServer, Socket, Arrival, ValueTask>? script = null, bool rtu = false)
    {
        _script = script ?? ((server, socket, arrival) => server.AnswerAsync(socket, arrival));
        _rtu = rtu;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public ConcurrentQueue<Arrival> Arrivals { get; } = new();

    public ConcurrentQueue<long> Connections { get; } = new();

    /// <summary>The PDU that answers a read with registers that hold their own address (or bits that are address modulo 2).</summary>
    public static byte[] Echo(byte[] pdu)
    {
        if (!ReadRequest.TryRead(1, pdu, out var request))
        {
            return pdu[..5];
        }

        var reply = new byte[2 + request.ByteCount];
        reply[0] = request.Function;
        reply[1] = (byte)request.ByteCount;
        for (var i = 0; i < request.Count; i++)
        {
            var address = request.Address + i;
            if (request.Function <= 2)
            {
                reply[2 + (i / 8)] |= (byte)((address & 1) << (i % 8));
            }
            else
            {
                reply[2 + (i * 2)] = (byte)(address >> 8);
                reply[3 + (i * 2)] = (byte)address;
            }
        }

        return reply;
    }

    public static byte[] Exception(byte[] pdu, byte code) => [(byte)(pdu[0] | 0x80), code];

    public byte[] Frame(Arrival arrival, byte[] pdu, ushort? transaction = null, byte? unit = null)
    {
        if (_rtu)
        {
            var serial = new byte[pdu.Length + 3];
            pdu.CopyTo(serial, 1);
            RtuFrame.Close(serial, unit ?? arrival.Unit, pdu.Length);
            return serial;
        }

        var frame = new byte[MbapFrame.HeaderLength + pdu.Length];
        MbapFrame.WriteHeader(frame, transaction ?? arrival.Transaction, unit ?? arrival.Unit, pdu.Length);
        pdu.CopyTo(frame, MbapFrame.HeaderLength);
        return frame;
    }

    public ValueTask AnswerAsync(Socket socket, Arrival arrival) => SendAsync(socket, Frame(arrival, Echo(arrival.Pdu)));

    public static async ValueTask SendAsync(Socket socket, byte[] bytes) => await socket.SendAsync(bytes);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        await Task.WhenAll(_serving);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            for (var number = 1; ; number++)
            {
                var socket = await _listener.AcceptAsync(_stop.Token);
                socket.NoDelay = true;
                Connections.Enqueue(Stopwatch.GetTimestamp());
                _serving.Add(ServeAsync(socket, number));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket, int number)
    {
        var buffer = new byte[600];
        var filled = 0;
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(buffer.AsMemory(filled), _stop.Token);
                if (count == 0)
                {
                    return;
                }

                filled += count;
                while (TryTake(buffer.AsSpan(0, filled), number, out var arrival))
                {
                    filled -= arrival!.Frame.Length;
                    buffer.AsSpan(arrival.Frame.Length, filled).CopyTo(buffer);
                    Arrivals.Enqueue(arrival);
                    await _script(this, socket, arrival);
                }
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The client went, or the script closed the socket.
        }
        finally
        {
            socket.Dispose();
        }
    }

    private bool TryTake(ReadOnlySpan<byte> bytes, int number, out Arrival? arrival)
    {
        arrival = null;
        var now = Stopwatch.GetTimestamp();
        if (_rtu)
        {
            if (RtuFrame.TryReadRequest(bytes, out var serial) != FrameStatus.Complete)
            {
                return false;
            }

            arrival = new Arrival(number, now, bytes[..serial.Length].ToArray(), serial.Unit, bytes.Slice(1, serial.PduLength).ToArray(), 0);
            return true;
        }

        if (MbapFrame.TryRead(bytes, out var frame) != FrameStatus.Complete)
        {
            return false;
        }

        arrival = new Arrival(
            number, now, bytes[..frame.Length].ToArray(), frame.Unit, bytes.Slice(MbapFrame.HeaderLength, frame.PduLength).ToArray(), frame.Transaction);
        return true;
    }
}
