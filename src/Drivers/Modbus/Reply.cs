using System.Buffers.Binary;

namespace Rondo.Drivers.Modbus;

/// <summary>What a reply is to the request before it.</summary>
public enum ReplyVerdict
{
    /// <summary>The answer to it.</summary>
    Accepted,

    /// <summary>The device refused it, with a code.</summary>
    Exception,

    /// <summary>Not an answer to it.</summary>
    Mismatch,
}

/// <summary>Judges the PDU of a reply against the PDU of its request. Unit and transaction are the frame's business.</summary>
public static class Reply
{
    /// <summary>Where the data of an accepted read reply starts, after function and byte count.</summary>
    public const int DataAt = 2;

    /// <summary>
    /// A read is answered by its function, the byte count its quantity asks for, and exactly that many bytes. A write is answered by the
    /// first five bytes of its request: functions 5 and 6 echo it, 15 and 16 repeat address and quantity. Any bytes are allowed.
    /// </summary>
    public static ReplyVerdict Judge(ReadOnlySpan<byte> request, ReadOnlySpan<byte> reply, out byte exception)
    {
        exception = 0;
        if (request.Length < 5 || reply.Length < 2)
        {
            return ReplyVerdict.Mismatch;
        }

        var function = request[0];
        if (reply[0] == (function | 0x80))
        {
            exception = reply[1];
            return reply.Length == 2 && exception != 0 ? ReplyVerdict.Exception : ReplyVerdict.Mismatch;
        }

        bool matches;
        if (function <= 4)
        {
            var bytes = new ReadRequest(0, function, 0, BinaryPrimitives.ReadUInt16BigEndian(request[3..])).ByteCount;
            matches = reply[0] == function && reply[1] == bytes && reply.Length == DataAt + bytes;
        }
        else
        {
            matches = reply.Length == 5 && reply.SequenceEqual(request[..5]);
        }

        return matches ? ReplyVerdict.Accepted : ReplyVerdict.Mismatch;
    }

    /// <summary>The fault an exception code stands for; codes the specification does not define count as a failure inside the device.</summary>
    public static ReadFault FaultOf(byte exception) => exception switch
    {
        1 or 2 or 3 or 7 => ReadFault.Rejected,
        5 or 6 => ReadFault.Busy,
        10 or 11 => ReadFault.Gateway,
        _ => ReadFault.Device,
    };
}
