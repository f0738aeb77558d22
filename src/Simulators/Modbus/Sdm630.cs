using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// The values of an Eastron SDM630 (input registers, float32 ABCD, addresses of the Eastron SDM630 Modbus protocol description), computed
/// from who the meter is and how long it has run. Nothing is kept between requests, so ten thousand meters cost no memory.
/// </summary>
/// <remarks>
/// Each phase has a power <c>P(t) = P₀ (1 + a sin(ωt + φ))</c>, because its integral is known exactly: the energy counters are that integral
/// and agree with the power at any instant without having been accumulated. Power factor is constant per phase, voltage wanders
/// around 230 V, and current follows from them, so that <c>P = U · I · pf</c>. The load swings a little within the cycle: it takes 101 % of
/// its power from the grid and returns 1 %, so every counter rises, and import − export is the integral of the power.
/// </remarks>
[StructLayout(LayoutKind.Auto)]
internal readonly ref struct Sdm630
{
    /// <summary>First address beyond the map.</summary>
    public const int End = 0x0166;

    private const double Returned = 0.01;
    private const double WattSecondsPerKilowattHour = 3_600_000;

    private readonly Phase _l1;
    private readonly Phase _l2;
    private readonly Phase _l3;
    private readonly double _hertz;

    /// <summary>The meter's state at one instant.</summary>
    /// <param name="seed">Seed of the simulator.</param>
    /// <param name="gateway">Number of the gateway.</param>
    /// <param name="unit">Unit id.</param>
    /// <param name="seconds">Time since the simulator started.</param>
    public Sdm630(int seed, int gateway, int unit, double seconds)
    {
        var chance = new Chance(((ulong)(uint)seed << 32) ^ ((ulong)(uint)gateway << 8) ^ (uint)unit);
        _l1 = new Phase(ref chance, seconds);
        _l2 = new Phase(ref chance, seconds);
        _l3 = new Phase(ref chance, seconds);

        // One grid, one frequency: the same for every meter.
        _hertz = 50 + (0.02 * Math.Sin(seconds * (Math.Tau / 37)));
    }

    /// <summary>The value at an even address; false where the meter has none.</summary>
    public bool TryValue(int address, out float value)
    {
        double? exact = address switch
        {
            0x0000 => _l1.Volt,
            0x0002 => _l2.Volt,
            0x0004 => _l3.Volt,
            0x0006 => _l1.Ampere,
            0x0008 => _l2.Ampere,
            0x000A => _l3.Ampere,
            0x000C => _l1.Watt,
            0x000E => _l2.Watt,
            0x0010 => _l3.Watt,
            0x0012 => _l1.VoltAmpere,
            0x0014 => _l2.VoltAmpere,
            0x0016 => _l3.VoltAmpere,
            0x0018 => _l1.Var,
            0x001A => _l2.Var,
            0x001C => _l3.Var,
            0x001E => _l1.Factor,
            0x0020 => _l2.Factor,
            0x0022 => _l3.Factor,
            0x0034 => Watt,
            0x0038 => VoltAmpere,
            0x003C => Var,
            0x003E => Watt / VoltAmpere,
            0x0046 => _hertz,
            0x0048 => _l1.Import + _l2.Import + _l3.Import,
            0x004A => _l1.Export + _l2.Export + _l3.Export,
            0x004C => ReactiveImport,
            0x004E => ReactiveExport,
            0x0156 => _l1.Import + _l2.Import + _l3.Import + _l1.Export + _l2.Export + _l3.Export,
            0x0158 => ReactiveImport + ReactiveExport,
            0x015A => _l1.Import,
            0x015C => _l2.Import,
            0x015E => _l3.Import,
            0x0160 => _l1.Export,
            0x0162 => _l2.Export,
            0x0164 => _l3.Export,
            _ => null,
        };
        value = (float)exact.GetValueOrDefault();
        return exact.HasValue;
    }

    /// <summary>Writes registers as they travel; addresses without a value are 0. False when there was one such address.</summary>
    public bool Fill(int address, int count, Span<byte> target)
    {
        var complete = true;
        Span<byte> pair = stackalloc byte[4];
        for (var i = 0; i < count;)
        {
            var register = address + i;
            complete &= TryValue(register & ~1, out var value);
            BinaryPrimitives.WriteSingleBigEndian(pair, value);
            if ((register & 1) == 0 && i + 1 < count)
            {
                pair.CopyTo(target[(2 * i)..]);
                i += 2;
            }
            else
            {
                // Half a value: an odd start, or an odd count.
                pair.Slice((register & 1) * 2, 2).CopyTo(target[(2 * i)..]);
                i++;
            }
        }

        return complete;
    }

    private double Watt => _l1.Watt + _l2.Watt + _l3.Watt;

    private double Var => _l1.Var + _l2.Var + _l3.Var;

    private double VoltAmpere => Math.Sqrt((Watt * Watt) + (Var * Var));

    private double ReactiveImport => _l1.ReactiveImport + _l2.ReactiveImport + _l3.ReactiveImport;

    private double ReactiveExport => _l1.ReactiveExport + _l2.ReactiveExport + _l3.ReactiveExport;

    [StructLayout(LayoutKind.Auto)]
    private readonly struct Phase
    {
        public Phase(ref Chance chance, double seconds)
        {
            var mean = chance.Between(300, 4_000);
            var swing = chance.Between(0.1, 0.4);
            var speed = Math.Tau / chance.Between(30, 120);
            var start = chance.Between(0, Math.Tau);
            Factor = chance.Between(0.85, 0.99);
            Volt = 230 + (4 * Math.Sin((seconds * (Math.Tau / chance.Between(60, 240))) + chance.Between(0, Math.Tau)));

            var angle = (speed * seconds) + start;
            Watt = mean * (1 + (swing * Math.Sin(angle)));
            VoltAmpere = Watt / Factor;
            Ampere = VoltAmpere / Volt;

            // Low starting values on purpose: a float32 of 100 still shows every 0.00001 kWh, one of 100,000 would stand still for seconds.
            var energy = mean * (seconds + (swing / speed * (Math.Cos(start) - Math.Cos(angle)))) / WattSecondsPerKilowattHour;
            var tangent = Math.Sqrt((1 / (Factor * Factor)) - 1);
            Var = Watt * tangent;
            Import = chance.Between(20, 400) + (energy * (1 + Returned));
            Export = chance.Between(0, 4) + (energy * Returned);
            ReactiveImport = Import * tangent;
            ReactiveExport = Export * tangent;
        }

        public double Volt { get; }

        public double Ampere { get; }

        public double Watt { get; }

        public double VoltAmpere { get; }

        public double Var { get; }

        public double Factor { get; }

        public double Import { get; }

        public double Export { get; }

        public double ReactiveImport { get; }

        public double ReactiveExport { get; }
    }

    /// <summary>SplitMix64 (Steele, Lea, Flood 2014): a good hash of the meter's identity, one number after the other, without an object.</summary>
    private ref struct Chance(ulong state)
    {
        private ulong _state = state;

        public double Between(double from, double to)
        {
            _state += 0x9E3779B97F4A7C15;
            var z = _state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            z ^= z >> 31;
            return from + ((to - from) * ((z >> 11) * (1.0 / (1UL << 53))));
        }
    }
}
