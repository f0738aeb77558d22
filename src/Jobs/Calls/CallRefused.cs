namespace Rondo.Jobs.Calls;

/// <summary>A call that Rondo itself does not make: trying again does not help, a setting or other arguments do.</summary>
internal sealed class CallRefused(string message) : Exception(message)
{
    /// <summary>The refusal behind what the HTTP client throws, or null.</summary>
    public static CallRefused? In(Exception? fault)
    {
        while (fault is not null and not CallRefused)
        {
            fault = fault.InnerException;
        }

        return fault as CallRefused;
    }
}
