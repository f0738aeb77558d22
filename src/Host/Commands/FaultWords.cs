using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Polling.Slots;

namespace Rondo.Host.Commands;

/// <summary>Why a device gave no value, for the person who stands before it.</summary>
internal static class FaultWords
{
    private static readonly Dictionary<int, string> _exceptions = new()
    {
        [1] = "illegal function",
        [2] = "illegal data address",
        [3] = "illegal data value",
        [4] = "device failure",
        [5] = "acknowledge, still working",
        [6] = "device busy",
        [7] = "negative acknowledge",
        [8] = "memory parity error",
        [10] = "gateway path unavailable",
        [11] = "gateway target did not respond",
    };

    public static string Say(ReadFault fault, int code, ModbusEndpointSettings settings) => fault switch
    {
        ReadFault.None => "",
        ReadFault.Timeout => $"no answer within {Durations.Show(settings.ResponseTimeout)} (response_timeout)",
        ReadFault.Refused => "the connection was refused, or not made in time: is the address right, and is something listening there? Many gateways allow one connection: a server that polls this address may hold it",
        ReadFault.Unreachable => "no way there: no such host, or no route to it",
        ReadFault.Closed => "the peer closed the connection in the middle of a request; some devices allow one client only, which may be the server that polls it",
        ReadFault.Protocol => "the answer was no valid Modbus; is the framing (tcp, rtu) right?",
        ReadFault.NotAvailable => "the device says that it has no value",
        ReadFault.Deadline => "not asked: the time was over",
        ReadFault.Rejected or ReadFault.Busy or ReadFault.Device or ReadFault.Gateway when code > 0 =>
            $"exception {code}{(_exceptions.TryGetValue(code, out var words) ? ", " + words : "")}",
        _ => fault.Text() ?? "",
    };
}
