namespace Rondo.Drivers.Modbus;

/// <summary>
/// The bytes of one connection: the request being built and, behind it, what was received. Knows when what was received is the answer.
/// Lives as long as its session, 520 bytes, so that no poll needs a new one.
/// </summary>
internal sealed class FrameBuffer(ModbusFraming framing, bool relaxUnitCheck)
{
    // The longest frame of either framing; a serial read reply can claim 255 bytes of data.
    private const int FrameLimit = 260;

    // A device that floods the connection with other frames is not going to answer.
    private const int MostForeignFrames = 64;

    private readonly byte[] _buffer = new byte[2 * FrameLimit];
    private readonly bool _rtu = framing == ModbusFraming.Rtu;
    private readonly int _pduAt = framing == ModbusFraming.Rtu ? RtuFrame.HeaderLength : MbapFrame.HeaderLength;
    private int _received;
    private int _consumed;
    private int _foreign;

    /// <summary>Transaction id of the newest request. Ids run from 1 to 65535, so that one comes back only after all late answers are gone.</summary>
    public ushort LastTransaction { get; set; }

    /// <summary>Whether an answer to an older request came since the last <see cref="Compose"/>.</summary>
    public bool SawForeign => _foreign != 0;

    /// <summary>Where the caller writes the PDU of the next request.</summary>
    public Span<byte> Pdu => _buffer.AsSpan(_pduAt, MbapFrame.MaxPduLength);

    /// <summary>Where received bytes go. Never empty while an answer is incomplete: every frame fits.</summary>
    public Memory<byte> Room => _buffer.AsMemory(FrameLimit + _received, FrameLimit - _received);

    /// <summary>The PDU of an accepted reply; valid until the next request is composed.</summary>
    public ReadOnlySpan<byte> ReplyPdu(Answer answer) => _buffer.AsSpan(FrameLimit + answer.Start, answer.Length);

    /// <summary>Counts bytes that were received into <see cref="Room"/>.</summary>
    public void Took(int count) => _received += count;

    /// <summary>Forgets what was received: the connection is gone, or what came is noise.</summary>
    public void Clear() => (_received, _consumed) = (0, 0);

    /// <summary>Completes the request at <see cref="Pdu"/> and returns the bytes to send.</summary>
    public Memory<byte> Compose(byte unit, int pduLength)
    {
        _foreign = 0;
        if (_rtu)
        {
            // Whatever came unasked since the last answer answers nothing.
            _received = 0;
            _consumed = 0;
            return _buffer.AsMemory(0, RtuFrame.Close(_buffer, unit, pduLength));
        }

        Drop(_consumed);
        _consumed = 0;
        LastTransaction = LastTransaction == ushort.MaxValue ? (ushort)1 : (ushort)(LastTransaction + 1);
        return _buffer.AsMemory(0, MbapFrame.WriteHeader(_buffer, LastTransaction, unit, pduLength));
    }

    /// <summary>True when the exchange is over: the answer came, or the bytes cannot be understood.</summary>
    public bool TryTake(byte unit, int pduLength, out Answer answer) =>
        _rtu ? TryTakeRtu(unit, pduLength, out answer) : TryTakeMbap(unit, pduLength, out answer);

    private bool TryTakeMbap(byte unit, int pduLength, out Answer answer)
    {
        answer = default;
        while (true)
        {
            switch (MbapFrame.TryRead(_buffer.AsSpan(FrameLimit, _received), out var frame))
            {
                case FrameStatus.Incomplete:
                    return false;
                case FrameStatus.Complete when frame.Transaction == LastTransaction:
                    _consumed = frame.Length;
                    answer = Judge(frame.Unit, unit, pduLength, MbapFrame.HeaderLength, frame.PduLength);
                    return true;
                case FrameStatus.Complete when ++_foreign <= MostForeignFrames:
                    // A late answer to a request that was given up. Taking it would shift every later value by one.
                    Drop(frame.Length);
                    break;
                default:
                    answer = new Answer(ReadFault.Protocol);
                    return true;
            }
        }
    }

    private bool TryTakeRtu(byte unit, int pduLength, out Answer answer)
    {
        var status = RtuFrame.TryReadReply(_buffer.AsSpan(FrameLimit, _received), out var frame);
        answer = status == FrameStatus.Complete
            ? Judge(frame.Unit, unit, pduLength, RtuFrame.HeaderLength, frame.PduLength)
            : new Answer(ReadFault.Protocol);
        return status != FrameStatus.Incomplete;
    }

    private Answer Judge(byte unit, byte askedUnit, int requestLength, int start, int length)
    {
        if (unit != askedUnit && !(relaxUnitCheck && unit is 0 or 255))
        {
            return new Answer(ReadFault.Protocol);
        }

        var verdict = Reply.Judge(Pdu[..requestLength], _buffer.AsSpan(FrameLimit + start, length), out var exception);
        return verdict switch
        {
            ReplyVerdict.Accepted => new Answer(ReadFault.None, 0, start, length) { Spoken = true },
            ReplyVerdict.Exception => new Answer(Reply.FaultOf(exception), exception) { Spoken = true },
            _ => new Answer(ReadFault.Protocol),
        };
    }

    private void Drop(int count)
    {
        if (count != 0)
        {
            _received -= count;
            _buffer.AsSpan(FrameLimit + count, _received).CopyTo(_buffer.AsSpan(FrameLimit));
        }
    }
}
