namespace Rondo.Drivers;

/// <summary>What one poll read. Reused from poll to poll: a driver fills it, the recorder empties it, nothing is allocated in between.</summary>
public sealed class ReadResult
{
    /// <summary>Value of each point; meaningful only where <see cref="Faults"/> is <see cref="ReadFault.None"/>. Never NaN or infinite there.</summary>
    public double[] Values { get; private set; } = [];

    /// <summary>Fault of each point.</summary>
    public ReadFault[] Faults { get; private set; } = [];

    /// <summary>How many entries of the two arrays belong to this poll.</summary>
    public int Count { get; private set; }

    /// <summary>The fault that ended the poll, or the first fault of a point; <see cref="ReadFault.None"/> when every point was read.</summary>
    public ReadFault Fault { get; set; }

    /// <summary>The protocol's own code for <see cref="Fault"/> (a Modbus exception code, an errno), or 0.</summary>
    public int Code { get; set; }

    /// <summary>Monotonic timestamp (of the session's TimeProvider) just before the first byte of the first request; 0 when none left.</summary>
    public long FirstByteAt { get; set; }

    /// <summary>Requests that were sent.</summary>
    public int Requests { get; set; }

    /// <summary>Makes room for <paramref name="points"/> points and marks every one as not read.</summary>
    public void Reset(int points)
    {
        if (Values.Length < points)
        {
            Values = new double[points];
            Faults = new ReadFault[points];
        }

        Count = points;
        Array.Fill(Faults, ReadFault.Deadline, 0, points);
        Fault = ReadFault.None;
        Code = 0;
        FirstByteAt = 0;
        Requests = 0;
    }

    /// <summary>How many points have a value.</summary>
    public int Good
    {
        get
        {
            var good = 0;
            for (var i = 0; i < Count; i++)
            {
                if (Faults[i] == ReadFault.None)
                {
                    good++;
                }
            }

            return good;
        }
    }
}
