namespace Rondo.Simulators.Modbus;

/// <summary>
/// Answers of one connection that cannot be sent right now, in order; made only for connections that need one. The time of an answer
/// begins when the one before it is out, as on the one serial line behind a real gateway. Not thread-safe: the conversation's lock guards it.
/// </summary>
internal sealed class Outbox
{
    /// <summary>A client that lets more than this pile up is cut off.</summary>
    public const int MostBytes = 64 * 1024;

    private readonly Queue<Answer> _queue = new();
    private byte[]? _held;
    private long _heldUntil;

    /// <summary>Bytes waiting.</summary>
    public int Bytes { get; private set; }

    public bool IsEmpty => _queue.Count == 0;

    public void Add(ReadOnlySpan<byte> frame, TimeSpan delay, TimeSpan? gap, bool closeAfter, long now, DelayQueue clock)
    {
        var answer = new Answer(frame.ToArray(), delay, gap, closeAfter);
        if (_queue.Count == 0)
        {
            answer.Due = clock.After(now, delay);
        }

        _queue.Enqueue(answer);
        Bytes += frame.Length;
    }

    /// <summary>Keeps an answer back until <see cref="Release"/> is asked to let it go.</summary>
    public void Hold(ReadOnlySpan<byte> frame, TimeSpan? atMost, long now, DelayQueue clock)
    {
        _held = frame.ToArray();
        _heldUntil = atMost is { } wait ? clock.After(now, wait) : long.MaxValue;
    }

    /// <summary>Moves the held answer to the end of the queue: always when <paramref name="whenever"/>, else when its time has come.</summary>
    public void Release(bool whenever, long now, DelayQueue clock)
    {
        if (_held is { } held && (whenever || _heldUntil <= now))
        {
            _held = null;
            Add(held, TimeSpan.Zero, gap: null, closeAfter: false, now, clock);
        }
    }

    /// <summary>Sends what is due. Returns when to be called again, <see cref="long.MaxValue"/> for never.</summary>
    /// <param name="now">The current timestamp.</param>
    /// <param name="clock">Reckons with timestamps.</param>
    /// <param name="send">Sends bytes and returns how many were taken, or -1 when the connection is gone.</param>
    /// <param name="close">True when the connection is to be closed now.</param>
    public long Pump(long now, DelayQueue clock, Send send, out bool close)
    {
        close = false;
        while (_queue.TryPeek(out var head))
        {
            if (head.Due > now)
            {
                return Earlier(head.Due);
            }

            var piece = head.Frame.AsSpan(head.Sent);
            var taken = send(head.Gap is null ? piece : piece[..Math.Min(1, piece.Length)]);
            if (taken < 0)
            {
                close = true;
                return long.MaxValue;
            }

            head.Sent += taken;
            Bytes -= taken;
            if (head.Sent < head.Frame.Length)
            {
                // The next byte of a dribble, or a client that does not read: look again soon.
                head.Due = clock.After(now, head.Gap ?? TimeSpan.FromMilliseconds(1));
                continue;
            }

            _queue.Dequeue();
            if (head.CloseAfter)
            {
                close = true;
                return long.MaxValue;
            }

            if (_queue.TryPeek(out var next))
            {
                next.Due = clock.After(now, next.Delay);
            }
        }

        return Earlier(long.MaxValue);
    }

    private long Earlier(long due) => _held is null ? due : Math.Min(due, _heldUntil);

    /// <summary>See <see cref="Pump"/>.</summary>
    public delegate int Send(ReadOnlySpan<byte> bytes);

    private sealed class Answer(byte[] frame, TimeSpan delay, TimeSpan? gap, bool closeAfter)
    {
        public readonly byte[] Frame = frame;
        public readonly TimeSpan Delay = delay;
        public readonly TimeSpan? Gap = gap;
        public readonly bool CloseAfter = closeAfter;
        public int Sent;
        public long Due;
    }
}
