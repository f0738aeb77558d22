using System.Net.Sockets;
using System.Runtime.CompilerServices;

namespace Rondo.Drivers.Modbus;

/// <summary>
/// The connection of a session and the exchange over it: one request in flight, and an answer is only what proves to be the answer.
/// Nothing is allocated while the device answers.
/// </summary>
internal sealed class ModbusLink : IDisposable
{
    // Silence alone tells a half-open connection from a slow device; three times in a row it is given up and made anew.
    private const int MostTimeouts = 3;

    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan DrainSilence = TimeSpan.FromMilliseconds(50);

    private readonly string _host;
    private readonly int _port;
    private readonly ModbusEndpointSettings _settings;
    private readonly TimeProvider _time;
    private readonly Alarm _alarm;
    private readonly bool _rtu;
    private readonly long _responseTicks;
    private readonly long _pauseTicks;

    private Socket? _socket;
    private int _timeouts;
    private bool _answered;
    private bool _awaited;
    private bool _reconnected;
    private long _readyAt;

    public ModbusLink(string host, int port, ModbusEndpointSettings settings, TimeProvider time)
    {
        _host = host;
        _port = port;
        _settings = settings;
        _time = time;
        _alarm = new Alarm(time);
        _rtu = settings.Framing == ModbusFraming.Rtu;
        Frames = new FrameBuffer(settings.Framing, settings.RelaxUnitCheck);
        _responseTicks = Ticks(settings.ResponseTimeout);
        _pauseTicks = Ticks(settings.InterRequestDelay);
    }

    public bool IsConnected => _socket is not null;

    /// <summary>The bytes that go out and come in.</summary>
    public FrameBuffer Frames { get; }

    /// <summary>Timestamp right before the first byte since <see cref="Begin"/>, or 0.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>Requests sent since <see cref="Begin"/>.</summary>
    public int Requests { get; private set; }

    /// <summary>Starts a piece of work: counters to zero, one silent reconnect allowed.</summary>
    public void Begin(CancellationToken stop)
    {
        _alarm.Follow(stop);
        _reconnected = false;
        FirstByteAt = 0;
        Requests = 0;
    }

    /// <summary>Sends the request at <see cref="FrameBuffer.Pdu"/> and waits for its answer.</summary>
    /// <param name="unit">Unit asked.</param>
    /// <param name="pduLength">Length of the request's PDU.</param>
    /// <param name="deadline">Timestamp after which nothing is sent and the answer is not awaited.</param>
    /// <param name="repeatable">Whether the request may be sent again. Never for a write: it may have happened although no answer came.</param>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<Answer> ExchangeAsync(byte unit, int pduLength, long deadline, bool repeatable)
    {
        var repeats = repeatable ? _settings.Retries : 0;
        var noiseRepeats = repeatable ? 1 : 0;
        var answer = new Answer(ReadFault.Deadline);
        while (true)
        {
            if (_alarm.Stopped)
            {
                return new Answer(ReadFault.Cancelled);
            }

            if (_socket is not null && !repeatable && ModbusSocket.PeerHasLeft(_socket))
            {
                Close();
            }

            if (_socket is null)
            {
                var connected = await ConnectAsync(deadline);
                if (connected.Fault != ReadFault.None)
                {
                    // An earlier try says more about the device than a reconnect that the deadline cut short.
                    return connected.Fault == ReadFault.Deadline ? answer : connected;
                }
            }

            if (_readyAt != 0 && !await PauseAsync(_readyAt, deadline))
            {
                return _alarm.Stopped ? new Answer(ReadFault.Cancelled) : answer;
            }

            var now = _time.GetTimestamp();
            if (now >= deadline)
            {
                return answer;
            }

            var frame = Frames.Compose(unit, pduLength);
            var sent = false;
            var fresh = false;
            if (FirstByteAt == 0)
            {
                FirstByteAt = now;
            }

            Requests++;
            try
            {
                var socket = _socket!;
                if (_rtu)
                {
                    // Without a transaction id, a frame that was sent twice would answer the next request as well.
                    ModbusSocket.Discard(socket, Frames.Room.Span);
                }

                var token = _alarm.Set(_time.GetElapsedTime(now, Math.Min(deadline, now + _responseTicks)));
                _awaited = true;
                await socket.SendAsync(frame, token);
                sent = true;
                while (!Frames.TryTake(unit, pduLength, out answer))
                {
                    var count = await socket.ReceiveAsync(Frames.Room, token);
                    if (count == 0)
                    {
                        answer = new Answer(ReadFault.Closed);
                        break;
                    }

                    fresh = true;
                    Frames.Took(count);
                }
            }
            catch (OperationCanceledException)
            {
                answer = new Answer(_alarm.Stopped ? ReadFault.Cancelled : ReadFault.Timeout);
            }
            catch (SocketException error)
            {
                answer = new Answer(SocketFaults.OfExchange(error.SocketErrorCode), error.NativeErrorCode);
            }

            _alarm.Reset();
            if (_pauseTicks > 0)
            {
                _readyAt = _time.GetTimestamp() + _pauseTicks;
            }

            if (answer.Spoken || Frames.SawForeign)
            {
                // A late answer is no answer, but whoever sends it is not gone.
                _timeouts = 0;
            }

            if (answer.Spoken)
            {
                _answered = true;
                _awaited = false;
                if (answer.Fault != ReadFault.Busy || repeats-- <= 0
                    || !await PauseAsync(_time.GetTimestamp() + Ticks(BusyPause), deadline))
                {
                    return answer;
                }

                continue;
            }

            switch (answer.Fault)
            {
                case ReadFault.Timeout:
                    // Without transaction ids a late answer cannot be told from the next one; after half a request nothing fits any more.
                    if (_rtu || !sent || ++_timeouts >= MostTimeouts)
                    {
                        Close();
                    }

                    if (repeats-- <= 0)
                    {
                        return answer;
                    }

                    break;
                case ReadFault.Protocol when _rtu && noiseRepeats-- > 0:
                    await DrainAsync(deadline);
                    break;
                case ReadFault.Closed when repeatable && !fresh && _answered && !_reconnected:
                    // A gateway may close what was idle for too long, at the very moment we ask; asking once more tells.
                    _reconnected = true;
                    Close();
                    break;
                case ReadFault.Cancelled when sent && !_rtu:
                    return answer;
                default:
                    Close();
                    return answer;
            }
        }
    }

    /// <summary>Closes the connection; the next exchange opens a new one.</summary>
    public void Close()
    {
        if (_awaited && _socket is { } socket)
        {
            Withdraw(socket);
        }

        _awaited = false;
        _socket?.Dispose();
        _socket = null;
        Frames.Clear();
        _timeouts = 0;
        _answered = false;
    }

    public void Dispose()
    {
        Close();
        _alarm.Dispose();
    }

    /// <summary>
    /// What the network has not delivered goes with the connection. Closed in order, the system would go on trying for a minute or two, and the device would get
    /// a request that nobody waits for any more, behind those of a newer connection, or beside those of another node.
    /// </summary>
    private static void Withdraw(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (SocketException)
        {
            // Broken already: there is nothing left to withdraw.
        }
    }

    private async ValueTask<Answer> ConnectAsync(long deadline)
    {
        var now = _time.GetTimestamp();
        if (now >= deadline)
        {
            return new Answer(ReadFault.Deadline);
        }

        try
        {
            var until = Math.Min(deadline, now + Ticks(_settings.ConnectTimeout));
            _socket = await ModbusSocket.ConnectAsync(_host, _port, _alarm.Set(_time.GetElapsedTime(now, until)));
        }
        catch (OperationCanceledException)
        {
            return new Answer(_alarm.Stopped ? ReadFault.Cancelled : ReadFault.Refused);
        }
        catch (SocketException error)
        {
            return new Answer(SocketFaults.OfConnect(error.SocketErrorCode), error.NativeErrorCode);
        }
        catch (ArgumentException)
        {
            // What is not even the shape of a host name or a port; whoever reads addresses (EndpointAddress) keeps it out.
            return new Answer(ReadFault.Unreachable);
        }
        finally
        {
            _alarm.Reset();
        }

        _readyAt = _settings.SettleDelay > TimeSpan.Zero ? _time.GetTimestamp() + Ticks(_settings.SettleDelay) : 0;
        return new Answer(ReadFault.None);
    }

    /// <summary>Waits until a timestamp; false when the deadline comes first or the node stops.</summary>
    private async ValueTask<bool> PauseAsync(long until, long deadline)
    {
        if (until >= deadline)
        {
            return false;
        }

        // Timers may ring a little early; the pause is a promise to the device, so the clock decides.
        for (var now = _time.GetTimestamp(); now < until; now = _time.GetTimestamp())
        {
            var left = _time.GetElapsedTime(now, until);
            await Task.Delay(left + TimeSpan.FromMilliseconds(1), _time, _alarm.Stop)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_alarm.Stopped)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads and throws away until the line is silent, so that the rest of a garbled frame does not answer the next request.</summary>
    private async ValueTask DrainAsync(long deadline)
    {
        Frames.Clear();
        try
        {
            while (true)
            {
                var now = _time.GetTimestamp();
                var until = Math.Min(deadline, now + Ticks(DrainSilence));
                var token = _alarm.Set(_time.GetElapsedTime(now, until));
                if (now >= deadline || await _socket!.ReceiveAsync(Frames.Room, token) == 0)
                {
                    Close();
                    return;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Silence, which is what was waited for.
        }
        catch (SocketException)
        {
            Close();
        }
        finally
        {
            _alarm.Reset();
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);
}
