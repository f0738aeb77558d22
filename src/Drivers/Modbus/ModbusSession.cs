using System.Runtime.CompilerServices;

namespace Rondo.Drivers.Modbus;

/// <summary>The conversation with one Modbus endpoint: a gateway with all its units, or a meter with an address of its own.</summary>
public sealed class ModbusSession : Session
{
    private readonly ModbusEndpointSettings _settings;
    private readonly TimeProvider _time;

    /// <summary>Prepares a session; nothing is connected before the first read.</summary>
    /// <param name="host">IPv4 or IPv6 address (without brackets) or host name.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="settings">Framing, timeouts, pauses.</param>
    /// <param name="time">Clock of all timestamps and waits.</param>
    public ModbusSession(string host, int port, ModbusEndpointSettings settings, TimeProvider time)
    {
        Link = new ModbusLink(host, port, settings, time);
        _settings = settings;
        _time = time;
    }

    /// <summary>The connection; visible to tests.</summary>
    internal ModbusLink Link { get; }

    /// <inheritdoc/>
    public override bool IsConnected => Link.IsConnected;

    /// <inheritdoc/>
    /// <remarks>
    /// A refused or busy block costs its own points only, and the poll goes on. A unit that does not answer, a gateway that cannot reach
    /// it, or a lost connection ends the poll: the points not yet asked for get that fault too, so that a dead unit costs one timeout.
    /// </remarks>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public override async ValueTask ReadAsync(ReadPlan plan, ReadResult result, long deadline, CancellationToken stop)
    {
        var modbus = (ModbusReadPlan)plan;
        result.Reset(modbus.PointCount);
        Link.Begin(stop);
        modbus.Refresh(_time.GetTimestamp(), _time);
        var hole = modbus.HoleToAsk();
        var healed = false;
        for (var i = 0; i < modbus.Blocks.Count; i++)
        {
            var block = modbus.Blocks[i];
            if (block.HoleCode != 0 && i != hole)
            {
                Mark(result, modbus.Ranges[block.From..block.To], ReadFault.Rejected, block.HoleCode);
                continue;
            }

            var request = new ReadRequest(modbus.Device.Unit, block.Function, block.Address, block.Count);
            var answer = await Link.ExchangeAsync(request.Unit, request.WritePdu(Link.Frames.Pdu), deadline, repeatable: true);
            if (answer.Fault == ReadFault.None)
            {
                Decode(result, modbus.Ranges[block.From..block.To], block.Address, Link.Frames.ReplyPdu(answer)[Reply.DataAt..]);
                healed |= i == hole;
            }
            else if (answer.Fault == ReadFault.Rejected && answer.Code is 2 or 3 && block.To - block.From > 1)
            {
                modbus.Split(i, _time.GetTimestamp());
                i--;
            }
            else
            {
                if (answer.Fault == ReadFault.Rejected && answer.Code is 2 or 3)
                {
                    modbus.MarkHole(i, (byte)answer.Code, _time.GetTimestamp());
                }

                Mark(result, modbus.Ranges[block.From..block.To], answer.Fault, answer.Code);
                if (answer.Fault is not (ReadFault.Rejected or ReadFault.Busy or ReadFault.Device))
                {
                    Mark(result, modbus.Ranges[block.To..], answer.Fault, answer.Code);
                    result.Fault = answer.Fault;
                    result.Code = answer.Code;
                    break;
                }
            }
        }

        if (healed)
        {
            // What was refused is there after all: ask for everything again from the next poll on.
            modbus.Forget();
        }

        result.FirstByteAt = Link.FirstByteAt;
        result.Requests = Link.Requests;
    }

    /// <summary>Sends one read and copies its data, for probing: registers as they came, or bits packed as they came.</summary>
    /// <param name="request">A valid request.</param>
    /// <param name="data">Room for <see cref="ReadRequest.ByteCount"/> bytes.</param>
    /// <param name="deadline">Monotonic timestamp after which nothing is sent or awaited.</param>
    /// <param name="stop">Gives the request up.</param>
    public async ValueTask<ModbusReply> AskAsync(ReadRequest request, Memory<byte> data, long deadline, CancellationToken stop)
    {
        if (!request.IsValid || data.Length < request.ByteCount)
        {
            throw new ArgumentException("The request is outside the protocol's limits, or there is no room for its answer.", nameof(request));
        }

        Link.Begin(stop);
        var answer = await Link.ExchangeAsync(request.Unit, request.WritePdu(Link.Frames.Pdu), deadline, repeatable: true);
        if (answer.Fault != ReadFault.None)
        {
            return new ModbusReply(answer.Fault, answer.Code, 0);
        }

        var bytes = Link.Frames.ReplyPdu(answer)[Reply.DataAt..];
        bytes.CopyTo(data.Span);
        return new ModbusReply(ReadFault.None, 0, bytes.Length);
    }

    /// <summary>
    /// Sends one write. It leaves at most once: after a timeout or a loss nobody knows whether it happened, and the caller must read before
    /// deciding to write again.
    /// </summary>
    /// <param name="request">What to write.</param>
    /// <param name="deadline">Monotonic timestamp after which nothing is sent or awaited.</param>
    /// <param name="stop">Gives the request up.</param>
    public async ValueTask<ModbusReply> WriteAsync(WriteRequest request, long deadline, CancellationToken stop)
    {
        Link.Begin(stop);
        request.Pdu.Span.CopyTo(Link.Frames.Pdu);
        var answer = await Link.ExchangeAsync(request.Unit, request.Pdu.Length, deadline, repeatable: false);
        return new ModbusReply(answer.Fault, answer.Code, 0);
    }

    /// <inheritdoc/>
    public override void EndCycle()
    {
        if (_settings.CloseAfterCycle)
        {
            Link.Close();
        }
    }

    /// <inheritdoc/>
    public override void Withdraw() => Link.Close();

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        Link.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Decode(ReadResult result, ReadOnlySpan<PointRange> ranges, int address, ReadOnlySpan<byte> data)
    {
        foreach (ref readonly var range in ranges)
        {
            var fault = range.Decode(data, address, out result.Values[range.Ordinal]);
            result.Faults[range.Ordinal] = fault;
            if (result.Fault == ReadFault.None)
            {
                result.Fault = fault;
            }
        }
    }

    private static void Mark(ReadResult result, ReadOnlySpan<PointRange> ranges, ReadFault fault, int code)
    {
        foreach (ref readonly var range in ranges)
        {
            result.Faults[range.Ordinal] = fault;
        }

        if (result.Fault == ReadFault.None && ranges.Length != 0)
        {
            (result.Fault, result.Code) = (fault, code);
        }
    }
}
