/// Sections 9 and 10: what is large, in few frames, in many, in pieces; and a thousand messages, one after the other.
extension AutobahnCase {
  static let load = whole + fragmented + chopped + roundTrips + [automatic]

  private static let kinds: [(UInt8, String, [UInt8])] = [
    (1, "odd", Array("BAsd7&jh23".utf8)), (2, "even", [0x00, 0xfe, 0x23, 0xfa, 0xf0]),
  ]

  private static let whole = kinds.enumerated().flatMap { kind, item in
    [64 << 10, 256 << 10, 1 << 20, 4 << 20, 8 << 20, 16 << 20].enumerated().map { index, count in
      echo("9.\(kind + 1).\(index + 1)", item.0, .filledBytes(with: item.2, count))
    }
  }

  private static let fragmented = kinds.enumerated().flatMap { kind, item in
    (0..<9).map { index in
      fragments(
        "9.\(kind + 3).\(index + 1)", item.0, .filled(with: "*", 4 << 20), of: 64 << (2 * index))
    }
  }

  private static let chopped = kinds.enumerated().flatMap { kind, item in
    (0..<6).map { index in
      echo(
        "9.\(kind + 5).\(index + 1)", item.0, .filledBytes(with: item.2, 1 << 20),
        chop: 64 << index)
    }
  }

  private static let roundTrips = kinds.enumerated().flatMap { kind, item in
    [0, 16, 64, 256, 1024, 4096].enumerated().map { index, count in
      let payload = Payload.filledBytes(with: item.2, count)
      return AutobahnCase(
        id: "9.\(kind + 7).\(index + 1)",
        steps: (0..<1000).flatMap { _ in [Step.frame(item.0, payload), .answer] },
        answers: (0..<1000).map { _ in (item.0, payload) })
    }
  }

  private static let automatic = fragments("10.1.1", 1, .filled(with: "*", 65_536), of: 1300)
}
