using System.Text;
using Rondo.Drivers;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;

namespace Rondo.Polling.Ledger;

/// <summary>Says in a few words why points of a poll have no value.</summary>
internal static class ErrorText
{
    private const int MaxLength = 500;

    /// <summary>For the ledger's detail and a device's last error: <c>timeout</c>; <c>partial: current_l1 rejected (2), …</c>; null for ok and missed.</summary>
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
                text.Append(text.Length == 0 ? "" : ", ").Append(outcome.Shape.PointNames[i]).Append(' ').Append(result.Faults[i].Text());
            }
        }

        return text.Append(code).ToString();
    }
}
