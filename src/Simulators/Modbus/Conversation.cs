using System.Net.Sockets;
using Rondo.Drivers.Modbus;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// One accepted connection: finds requests in the stream, has them answered, sends the answers well or badly. In the steady state it
/// allocates nothing and owns no buffer: requests are read in the caller's scratch, answers are built on the stack.
/// </summary>
internal sealed class Conversation(SimulatedGateway gateway, Surroundings surroundings, Socket socket) : IReady, IWakeable
{
    /// <summary>Half a serial frame older than this is forgotten; real slaves wait for a silence of 3.5 characters, a stream is less regular.</summary>
    private static readonly TimeSpan SerialSilence = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly ModbusFraming _framing = surroundings.Options.Framing;
    private byte[]? _partial;
    private int _partialLength;
    private long _partialAt;
    private Outbox? _outbox;
    private long _wakeAt = long.MaxValue;
    private bool _closed;

    /// <summary>Begins to listen to the client.</summary>
    public void Start()
    {
        lock (_lock)
        {
            // It may have been closed already: by a newer connection, a fault, or the end of the simulator.
            if (_closed)
            {
                return;
            }

            try
            {
                surroundings.Readiness.Watch(socket, this);
            }
            catch (SimulatorStartException)
            {
                // The kernel watches no more sockets; the client sees a closed connection.
                Close_NeedsLock();
            }
        }
    }

    public void OnReady(Span<byte> scratch)
    {
        lock (_lock)
        {
            if (_closed)
            {
                return;
            }

            var count = socket.Receive(scratch, SocketFlags.None, out var error);
            if (error is SocketError.WouldBlock or SocketError.Interrupted)
            {
                return;
            }

            if (error != SocketError.Success || count == 0)
            {
                Close_NeedsLock();
                return;
            }

            Take_NeedsLock(scratch[..count]);
        }
    }

    public void OnDue(long now)
    {
        lock (_lock)
        {
            if (_closed || _outbox is null)
            {
                return;
            }

            if (now >= _wakeAt)
            {
                _wakeAt = long.MaxValue;
            }

            _outbox.Release(whenever: false, now, surroundings.Delays);
            Pump_NeedsLock(now);
        }
    }

    /// <summary>Closes the connection.</summary>
    public void Close()
    {
        lock (_lock)
        {
            Close_NeedsLock();
        }
    }

    private void Close_NeedsLock()
    {
        if (!_closed)
        {
            _closed = true;
            gateway.Left(this);
            surroundings.Readiness.Forget(socket, this);
            socket.Dispose();
        }
    }

    private void Take_NeedsLock(ReadOnlySpan<byte> bytes)
    {
        if (_partialLength > 0 && _framing == ModbusFraming.Rtu && surroundings.Time.GetElapsedTime(_partialAt) > SerialSilence)
        {
            _partialLength = 0;
            gateway.Counts.BadFrame();
        }

        while (bytes.Length > 0 && !_closed)
        {
            var stream = _partialLength == 0 ? bytes : _partial.AsSpan(0, _partialLength);
            var length = ServerFrames.Length(_framing, stream);
            if (length == ServerFrames.Broken)
            {
                Broken_NeedsLock();
                return;
            }

            if (length > stream.Length)
            {
                // Not all there: exactly what is missing is fetched, so the kept piece never runs into the next frame.
                var missing = Math.Min(length - _partialLength, bytes.Length);
                _partial ??= new byte[ServerFrames.Longest];
                bytes[..missing].CopyTo(_partial.AsSpan(_partialLength));
                _partialLength += missing;
                _partialAt = surroundings.Time.GetTimestamp();
                bytes = bytes[missing..];
                if (_partialLength == 0 || ServerFrames.Length(_framing, _partial.AsSpan(0, _partialLength)) != _partialLength)
                {
                    continue;
                }

                stream = _partial.AsSpan(0, _partialLength);
                _partialLength = 0;
            }
            else
            {
                stream = stream[..length];
                bytes = bytes[length..];
            }

            if (!ServerFrames.IsSound(_framing, stream))
            {
                Broken_NeedsLock();
                return;
            }

            Answer_NeedsLock(stream);
        }
    }

    /// <summary>TCP: there is no way to find the next frame, so the connection ends. Serial: what came is dropped, and the client runs into its time-out.</summary>
    private void Broken_NeedsLock()
    {
        gateway.Counts.BadFrame();
        _partialLength = 0;
        if (_framing == ModbusFraming.Tcp)
        {
            Close_NeedsLock();
        }
    }

    private void Answer_NeedsLock(ReadOnlySpan<byte> request)
    {
        ServerFrames.Open(_framing, request, out var transaction, out var unit, out var pdu);
        gateway.Counts.Request(unit, pdu);
        _outbox?.Release(whenever: true, surroundings.Time.GetTimestamp(), surroundings.Delays);

        var faults = gateway.Active;
        var wrong = faults.Length == 0 ? default : Misbehaviour.Choose(faults, unit, gateway.Dice);
        gateway.Counts.Faults(wrong.Count);

        // Nobody answers a serial broadcast.
        Span<byte> frame = stackalloc byte[ServerFrames.Longest + 2];
        var pduLength = wrong.Silent || (unit == 0 && _framing == ModbusFraming.Rtu)
            ? 0
            : gateway.Answer(unit, wrong.Exception, pdu, frame[ServerFrames.PduOffset(_framing)..]);
        if (pduLength > 0)
        {
            var isException = frame[ServerFrames.PduOffset(_framing)] > 0x80;
            var length = ServerFrames.Close(
                _framing, frame, (ushort)(wrong.WrongTransaction ? transaction ^ 0x5555 : transaction), (byte)(wrong.WrongUnit ? unit + 1 : unit), pduLength);
            if (wrong.BadCrc)
            {
                frame[length - 1] ^= 0xFF;
            }

            if (wrong.Garbage is { } garbage)
            {
                length = garbage;
                gateway.Dice.Fill(frame[..length]);
            }

            Deliver_NeedsLock(frame[..length], in wrong, isException);
        }
        else if (_outbox is { IsEmpty: false })
        {
            // A late answer was released, and nothing follows it.
            Pump_NeedsLock(surroundings.Time.GetTimestamp());
        }
    }

    private void Deliver_NeedsLock(ReadOnlySpan<byte> frame, in Misbehaviour how, bool isException)
    {
        if (how.DropAfter is { } most)
        {
            frame = frame[..Math.Min(most, frame.Length)];
        }

        var plain = how.DropAfter is null && how.Dribble is null && !how.Late && how.Delay == TimeSpan.Zero && _outbox is not { IsEmpty: false };
        if (plain)
        {
            // Counted before it leaves: whoever has the answer finds it counted.
            gateway.Counts.Answer(isException);
            var sent = Send(frame);
            if (sent == frame.Length)
            {
                return;
            }

            if (sent < 0)
            {
                Close_NeedsLock();
                return;
            }

            frame = frame[sent..];
        }

        var now = surroundings.Time.GetTimestamp();
        _outbox ??= new Outbox();
        if (how.Late)
        {
            _outbox.Hold(frame, how.LateBy, now, surroundings.Delays);
        }
        else
        {
            _outbox.Add(frame, how.Delay, how.Dribble, closeAfter: how.DropAfter is not null, now, surroundings.Delays);
        }

        Pump_NeedsLock(now);
        if (!plain)
        {
            // Counted once its timer is set: whoever sees the count may move the clock.
            gateway.Counts.Answer(isException);
        }
    }

    private void Pump_NeedsLock(long now)
    {
        var again = _outbox!.Pump(now, surroundings.Delays, Send, out var close);
        if (close || _outbox.Bytes > Outbox.MostBytes)
        {
            Close_NeedsLock();
        }
        else if (again < _wakeAt)
        {
            _wakeAt = again;
            surroundings.Delays.Wake(this, again);
        }
    }

    private int Send(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return 0;
        }

        var sent = socket.Send(bytes, SocketFlags.None, out var error);
        return error switch
        {
            SocketError.Success => sent,
            SocketError.WouldBlock => Math.Max(sent, 0),
            _ => -1,
        };
    }
}
