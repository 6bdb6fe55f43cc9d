/// Section 6: what is UTF-8, in one frame and in many, told as soon as it is not (Kuhn's stress test of decoders).
extension AutobahnCase {
  static let texts = whole + broken + early + sequences

  private static let word: [UInt8] = [
    0xce, 0xba, 0xe1, 0xbd, 0xb9, 0xcf, 0x83, 0xce, 0xbc, 0xce, 0xb5,
  ]
  private static let edited = Array("edited".utf8)

  private static let whole: [AutobahnCase] = {
    let (middle, text) = (
      Payload.text("middle frame payload"), Payload.text("Hello-µ@ßöäüàá-UTF-8!!")
    )
    func three(_ id: String, _ payload: Payload) -> AutobahnCase {
      AutobahnCase(
        id: id,
        steps: [
          .frame(1, .none, isFinal: false), .frame(0, payload, isFinal: false), .frame(0, .none),
        ], answers: [(1, payload)])
    }
    return [
      echo("6.1.1", 1, .none), three("6.1.2", .none), three("6.1.3", middle),
      echo("6.2.1", 1, text),
      AutobahnCase(
        id: "6.2.2",
        steps: [
          .frame(1, .text("Hello-µ@ßöä"), isFinal: false), .frame(0, .text("üàá-UTF-8!!")),
        ], answers: [(1, text)]),
      fragments("6.2.3", 1, text, of: 1), fragments("6.2.4", 1, .bytes(word), of: 1),
    ]
  }()

  private static let broken: [AutobahnCase] = {
    let bytes = word + [0xed, 0xa0, 0x80] + edited
    var pieces = fragments("6.3.2", 1, .bytes(bytes), of: 1)
    (pieces.answers, pieces.end) = ([], .code([1007]))
    return [refused("6.3.1", [.frame(1, .bytes(bytes))], code: 1007), pieces]
  }()

  /// Refused before the rest has come: it never does.
  private static let early: [AutobahnCase] = {
    let bytes = word + [0xf4, 0x90, 0x80, 0x80] + edited
    let fragments = [(word.count, word.count + 4), (12, 13)].enumerated().map { index, cut in
      refused(
        "6.4.\(index + 1)",
        [
          .frame(1, .bytes(Array(bytes[..<cut.0])), isFinal: false),
          .frame(0, .bytes(Array(bytes[cut.0..<cut.1])), isFinal: false),
        ], code: 1007)
    }
    // Six bytes of head come first.
    let chops = [(word.count, word.count + 4), (12, 13)].enumerated().map { index, cut in
      refused(
        "6.4.\(index + 3)",
        [
          .part(1, .bytes(bytes), from: 0, to: 6 + cut.0),
          .part(1, .bytes(bytes), from: 6 + cut.0, to: 6 + cut.1),
        ], code: 1007)
    }
    return fragments + chops
  }()

  /// From 6.5 on: a section each.
  private static let sequences: [AutobahnCase] = {
    var sections: [[(Bool, [UInt8])]] = [
      yes(["$", "¢", "€", "𤭢"].map { Array("hello\($0)world".utf8) } + [word]),
      (1...word.count).map { ([2, 5, 7, 9, 11].contains($0), Array(word[..<$0])) },
    ]
    for more in [boundaries, unexpected, overlong, surrogates, [nonCharacters, specials]] {
      sections += more
    }
    return sections.enumerated().flatMap { section, cases in
      cases.enumerated().map { index, item in
        let id = "6.\(section + 5).\(index + 1)"
        let (isText, bytes) = item
        return isText
          ? echo(id, 1, .bytes(bytes)) : refused(id, [.frame(1, .bytes(bytes))], code: 1007)
      }
    }
  }()

  private static func no(_ sequences: [[UInt8]]) -> [(Bool, [UInt8])] {
    sequences.map { (false, $0) }
  }
  private static func yes(_ sequences: [[UInt8]]) -> [(Bool, [UInt8])] {
    sequences.map { (true, $0) }
  }

  private static let boundaries: [[(Bool, [UInt8])]] = [
    yes([[0x00], [0xc2, 0x80], [0xe0, 0xa0, 0x80], [0xf0, 0x90, 0x80, 0x80]]),
    no([[0xf8, 0x88, 0x80, 0x80, 0x80], [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80]]),
    yes([[0x7f], [0xdf, 0xbf], [0xef, 0xbf, 0xbf], [0xf4, 0x8f, 0xbf, 0xbf]]),
    no([
      [0xf7, 0xbf, 0xbf, 0xbf], [0xfb, 0xbf, 0xbf, 0xbf, 0xbf],
      [0xfd, 0xbf, 0xbf, 0xbf, 0xbf, 0xbf],
    ]),
    yes([[0xed, 0x9f, 0xbf], [0xee, 0x80, 0x80], [0xef, 0xbf, 0xbd], [0xf4, 0x8f, 0xbf, 0xbf]])
      + no([[0xf4, 0x90, 0x80, 0x80]]),
  ]

  private static let unfinished: [[UInt8]] = [
    [0xc0], [0xe0, 0x80], [0xf0, 0x80, 0x80], [0xf8, 0x80, 0x80, 0x80],
    [0xfc, 0x80, 0x80, 0x80, 0x80], [0xdf], [0xef, 0xbf], [0xf7, 0xbf, 0xbf],
    [0xfb, 0xbf, 0xbf, 0xbf], [0xfd, 0xbf, 0xbf, 0xbf, 0xbf],
  ]

  private static let unexpected: [[(Bool, [UInt8])]] = {
    let tails = (2...6).map { count in (0..<count).map { UInt8($0 % 2 == 0 ? 0x80 : 0xbf) } }
    let starts: [Range<UInt8>] = [
      0xc0..<0xdf, 0xe0..<0xef, 0xf0..<0xf7, 0xf8..<0xfb, 0xfc..<0xfd,
    ]
    return [
      no([[0x80], [0xbf]] + tails + [Array(0x80..<0xbf)]),
      no(starts.map { $0.flatMap { [$0, 0x20] } }), no(unfinished), no([unfinished.flatMap { $0 }]),
      no([[0xfe], [0xff], [0xfe, 0xfe, 0xff, 0xff]]),
    ]
  }()

  private static let overlong: [[(Bool, [UInt8])]] = [
    no([
      [0xc0, 0xaf], [0xe0, 0x80, 0xaf], [0xf0, 0x80, 0x80, 0xaf], [0xf8, 0x80, 0x80, 0x80, 0xaf],
      [0xfc, 0x80, 0x80, 0x80, 0x80, 0xaf],
    ]),
    no([
      [0xc1, 0xbf], [0xe0, 0x9f, 0xbf], [0xf0, 0x8f, 0xbf, 0xbf], [0xf8, 0x87, 0xbf, 0xbf, 0xbf],
      [0xfc, 0x83, 0xbf, 0xbf, 0xbf, 0xbf],
    ]),
    no([
      [0xc0, 0x80], [0xe0, 0x80, 0x80], [0xf0, 0x80, 0x80, 0x80], [0xf8, 0x80, 0x80, 0x80, 0x80],
      [0xfc, 0x80, 0x80, 0x80, 0x80, 0x80],
    ]),
  ]

  private static let surrogates: [[(Bool, [UInt8])]] = {
    let single: [[UInt8]] = [
      [0xed, 0xa0, 0x80], [0xed, 0xad, 0xbf], [0xed, 0xae, 0x80], [0xed, 0xaf, 0xbf],
      [0xed, 0xb0, 0x80], [0xed, 0xbe, 0x80], [0xed, 0xbf, 0xbf],
    ]
    let pairs = single[..<4].flatMap { high in [single[4], single[6]].map { high + $0 } }
    return [no(single), no(pairs)]
  }()

  /// U+nFFFE and U+nFFFF, which are no characters, and UTF-8 all the same.
  private static let nonCharacters: [(Bool, [UInt8])] =
    yes([[0xef, 0xbf, 0xbe], [0xef, 0xbf, 0xbf]])
    + yes(
      (1...16).flatMap { plane in
        [0xfffe, 0xffff].map { Array(String(UnicodeScalar(plane << 16 | $0)!).utf8) }
      })

  private static let specials = yes((0xb9...0xbf).map { [0xef, 0xbf, $0] })
}
