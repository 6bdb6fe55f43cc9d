/// Section 7: how a connection ends.
extension AutobahnCase {
  static let closing = orders + payloads + goodCodes + badCodes

  private static func close(_ code: Int, _ reason: [UInt8] = []) -> Step {
    .frame(8, .bytes([UInt8(code >> 8), UInt8(code & 0xff)] + reason))
  }

  private static let orders: [AutobahnCase] = {
    let (hello, long) = (
      Payload.text("Hello World!"), Payload.filled(with: "BAsd7&jh23", 256 << 10)
    )
    func closed(
      _ id: String, _ steps: [Step], _ answers: [(UInt8, Payload)] = []
    ) -> AutobahnCase {
      AutobahnCase(id: id, steps: steps, answers: answers, end: .code([1000]))
    }
    return [
      closed("7.1.1", [.frame(1, hello), close(1000)], [(1, hello)]),
      closed("7.1.2", [close(1000), .frame(8, .none)]),
      closed("7.1.3", [close(1000), .frame(9, .none)]),
      closed("7.1.4", [close(1000), .frame(1, hello)]),
      closed(
        "7.1.5",
        [
          .frame(1, .text("fragment1"), isFinal: false), close(1000), .frame(0, .text("fragment2")),
        ]),
      closed(
        "7.1.6", [.frame(1, long), .frame(1, hello), close(1000), .frame(9, .none)],
        [(1, long), (1, hello)]),
    ]
  }()

  private static let payloads: [AutobahnCase] = {
    let bad: [UInt8] = [
      0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xce, 0xbc, 0xce, 0xb5, 0xed, 0xa0, 0x80, 0x65,
      0x64, 0x69, 0x74, 0x65, 0x64,
    ]
    func ended(_ id: String, _ step: Step, _ code: Int?) -> AutobahnCase {
      AutobahnCase(id: id, steps: [step], answers: [], end: .code([code]))
    }
    return [
      ended("7.3.1", .frame(8, .none), nil), ended("7.3.2", .frame(8, .text("a")), 1002),
      ended("7.3.3", close(1000), 1000),
      ended("7.3.4", close(1000, Array("Hello World!".utf8)), 1000),
      ended("7.3.5", close(1000, Array(repeating: 0x2a, count: 123)), 1000),
      ended("7.3.6", close(1000, Array(repeating: 0x2a, count: 124)), 1002),
      ended("7.5.1", close(1000, bad), 1007),
    ]
  }()

  private static let goodCodes = [
    1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999,
  ].enumerated().map { index, code in
    AutobahnCase(id: "7.7.\(index + 1)", steps: [close(code)], answers: [], end: .code([code]))
  }

  private static let badCodes =
    [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999].enumerated().map { index, code in
      refused("7.9.\(index + 1)", [close(code)])
    } + [refused("7.13.1", [close(5000)]), refused("7.13.2", [close(65_535)])]
}
