/// Sections 1 to 5: sizes, pings and pongs, reserved bits, opcodes, fragments.
extension AutobahnCase {
  static let framing = sizes + pings + reservedBits + opcodes + fragments

  private static let hello = Payload.text("Hello, world!")
  private static let odd = Payload.bytes([0x00, 0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0x00, 0xff])

  private static let sizes: [AutobahnCase] = {
    let counts = [0, 125, 126, 127, 128, 65_535, 65_536, 65_536]
    let texts = counts.enumerated().map { index, count in
      echo("1.1.\(index + 1)", 1, .filled(with: "*", count), chop: index == 7 ? 997 : nil)
    }
    let binaries = counts.enumerated().map { index, count in
      echo(
        "1.2.\(index + 1)", 2, .filledBytes(with: [0xfe], count), chop: index == 7 ? 997 : nil)
    }
    return texts + binaries
  }()

  private static let pings: [AutobahnCase] = {
    let ten = (0..<10).map { Payload.text("payload-\($0)") }
    let unasked = Step.frame(10, .text("unsolicited pong payload"))
    return [
      echo("2.1", 9, .none), echo("2.2", 9, hello), echo("2.3", 9, odd),
      echo("2.4", 9, .filledBytes(with: [0xfe], 125)),
      refused("2.5", [.frame(9, .filledBytes(with: [0xfe], 126))]),
      echo("2.6", 9, .filledBytes(with: [0xfe], 125), chop: 1),
      AutobahnCase(id: "2.7", steps: [.frame(10, .none)], answers: []),
      AutobahnCase(id: "2.8", steps: [unasked], answers: []),
      AutobahnCase(
        id: "2.9", steps: [unasked, .frame(9, .text("ping payload"))],
        answers: [(10, .text("ping payload"))]),
      AutobahnCase(id: "2.10", steps: ten.map { .frame(9, $0) }, answers: ten.map { (10, $0) }),
      AutobahnCase(
        id: "2.11", steps: ten.map { .frame(9, $0, chop: 1) }, answers: ten.map { (10, $0) }),
    ]
  }()

  private static let reservedBits: [AutobahnCase] = [
    refused("3.1", [.frame(1, hello, reserved: 1)]),
    refused(
      "3.2", [.frame(1, hello), .frame(1, hello, reserved: 2), .frame(9, .none)], [(1, hello)]),
    refused(
      "3.3", [.frame(1, hello), .answer, .frame(1, hello, reserved: 3), .frame(9, .none)],
      [(1, hello)]),
    refused(
      "3.4",
      [
        .frame(1, hello, chop: 1), .frame(1, hello, reserved: 4, chop: 1),
        .frame(9, .none, chop: 1),
      ], [(1, hello)]),
    refused("3.5", [.frame(2, odd, reserved: 5)]), refused("3.6", [.frame(2, hello, reserved: 6)]),
    refused("3.7", [.frame(8, .none, reserved: 7)]),
  ]

  private static let opcodes: [AutobahnCase] = [3, 11].enumerated().flatMap { section, first in
    let reserved = Payload.text("reserved opcode payload")
    let (id, opcode) = ("4.\(section + 1)", UInt8(first))
    return [
      refused("\(id).1", [.frame(opcode, .none)]),
      refused("\(id).2", [.frame(opcode + 1, reserved)]),
      refused(
        "\(id).3", [.frame(1, hello), .frame(opcode + 2, .none), .frame(9, .none)], [(1, hello)]),
      refused(
        "\(id).4", [.frame(1, hello), .frame(opcode + 3, hello), .frame(9, .none)], [(1, hello)]),
      refused(
        "\(id).5",
        [
          .frame(1, hello, chop: 1), .frame(opcode + 4, hello, chop: 1),
          .frame(9, .none, chop: 1),
        ], [(1, hello)]),
    ]
  }

  private static func fragment(
    _ number: Int, _ opcode: UInt8 = 0, isLast: Bool = false, chop: Int? = nil
  ) -> Step {
    .frame(opcode, .text("fragment\(number)"), isFinal: isLast, chop: chop)
  }

  private static let fragments: [AutobahnCase] =
    controlFragments + wholeMessages + strayFragments + longMessages

  private static let controlFragments = [
    refused("5.1", [fragment(1, 9), fragment(2, isLast: true)]),
    refused("5.2", [fragment(1, 10), fragment(2, isLast: true)]),
  ]

  private static let wholeMessages: [AutobahnCase] = {
    let both = Payload.text("fragment1fragment2")
    let ping = Payload.text("ping payload")
    return ["5.3", "5.4", "5.5"].map { id in
      let chop = id == "5.5" ? 1 : nil
      return AutobahnCase(
        id: id, steps: [fragment(1, 1, chop: chop), fragment(2, isLast: true, chop: chop)],
        answers: [(1, both)])
    }
      + ["5.6", "5.7", "5.8"].map { id in
        let chop = id == "5.8" ? 1 : nil
        let steps: [Step] =
          id == "5.7"
          ? [fragment(1, 1), .frame(9, ping), .answer, fragment(2, isLast: true)]
          : [
            fragment(1, 1, chop: chop), .frame(9, ping, chop: chop),
            fragment(2, isLast: true, chop: chop),
          ]
        return AutobahnCase(id: id, steps: steps, answers: [(10, ping), (1, both)])
      }
  }()

  private static let strayFragments: [AutobahnCase] = {
    let stray = Payload.text("non-continuation payload")
    let alone = (9...14).map { number in
      let chop = number == 11 || number == 14 ? 1 : nil
      return refused(
        "5.\(number)",
        [.frame(0, stray, isFinal: number < 12, chop: chop), .frame(1, hello, chop: chop)])
    }
    return alone + [
      refused(
        "5.15",
        [fragment(1, 1), fragment(2, isLast: true), fragment(3), fragment(4, 1, isLast: true)],
        [(1, .text("fragment1fragment2"))]),
      refused("5.16", [fragment(1), fragment(2, 1), fragment(3, isLast: true)]),
      refused("5.17", [fragment(1, isLast: true), fragment(2, 1), fragment(3, isLast: true)]),
      refused("5.18", [fragment(1, 1), fragment(2, 1, isLast: true)]),
    ]
  }()

  private static let longMessages: [AutobahnCase] = ["5.19", "5.20"].map { id in
    let chop = id == "5.20" ? 1 : nil
    let (one, two) = (Payload.text("pongme 1!"), Payload.text("pongme 2!"))
    return AutobahnCase(
      id: id,
      steps: [
        fragment(1, 1, chop: chop), fragment(2, chop: chop), .frame(9, one, chop: chop), .answer,
        fragment(3, chop: chop), fragment(4, chop: chop), .frame(9, two, chop: chop),
        fragment(5, isLast: true, chop: chop),
      ],
      answers: [
        (10, one), (10, two), (1, .text("fragment1fragment2fragment3fragment4fragment5")),
      ])
  }
}
