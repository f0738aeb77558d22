using System.Text;
using Rondo.Drivers;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Ledger;

/// <summary>Says in a few words why points of a poll have no value.</summary>
internal static class ErrorText
{
    private const int MaxLength = 500;

    /// <summary>
    /// For the ledger's detail and a device's last error: <c>timeout</c>, <c>rejected (2)</c>; of a partial poll each point without a value and why,
    /// <c>current_l1 timeout, energy rejected (2)</c>; null for ok and missed. The number is the device's latest Modbus exception in this poll.
    /// </summary>
    public static string? Of(PollOutcome outcome)
    {
        if (outcome.Outcome is Outcome.Ok or Outcome.Missed)
        {
            return null;
        }

        var result = outcome.Result;
        var code = result.Code != 0 ? $" ({result.Code})" : "";
        if (outcome.Outcome == Outcome.Failed)
        {
            return (result.Fault.Text() ?? "failed") + code;
        }

        var text = new StringBuilder();
        for (var i = 0; i < result.Count && text.Length < MaxLength; i++)
        {
            if (result.Faults[i] != ReadFault.None)
            {
                text.Append(text.Length == 0 ? "" : ", ").Append(outcome.Shape.PointNames[i]).Append(' ').Append(result.Faults[i].Text())
                    .Append(result.Faults[i] is ReadFault.Rejected or ReadFault.Busy or ReadFault.Device or ReadFault.Gateway ? code : "");
            }
        }

        return text.ToString();
    }
}
