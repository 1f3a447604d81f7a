// One proactive offer from the moment it arrives until it is answered. Pure: knows nothing of VS Code.

import type { Offer, OfferOutcome } from "./protocol";

/** Where the caret is, as far as an offer is concerned. */
export interface Caret {
  uri: string;
  line: number;
}

/** What pressing Tab does: go to the place first, take it when the caret is there. */
export type Step = "jump" | "take" | "nothing";

export interface OfferReporter {
  outcome(id: string, outcome: OfferOutcome): void;
}

export class OpenOffer {
  private current: Offer | undefined;

  constructor(private readonly report: OfferReporter) {}

  get offer(): Offer | undefined {
    return this.current;
  }

  /** The server made an offer; it makes one at a time, so an older one is gone. */
  arrived(offer: Offer): void {
    this.current = offer;
  }

  /** The server took it back, or its time is over. */
  withdrawn(id: string): void {
    if (this.current?.id === id) this.current = undefined;
  }

  serverGone(): void {
    this.current = undefined;
  }

  /** The person answered; later answers to the same offer change nothing. */
  answer(outcome: OfferOutcome): Offer | undefined {
    const offer = this.current;
    this.current = undefined;
    if (offer) this.report.outcome(offer.id, outcome);
    return offer;
  }

  /** Whether Tab belongs to the offer: only where it is about the code to edit next. */
  tabIsOurs(caret: Caret | undefined): boolean {
    return this.step(caret) !== "nothing";
  }

  step(caret: Caret | undefined): Step {
    const offer = this.current;
    if (!offer?.uri || !offer.position || !caret) return "nothing";
    if (!offer.edits && offer.kind !== "next_edit") return "nothing";
    if (caret.uri !== offer.uri || caret.line !== offer.position.line) return "jump";
    // The place is inside of the line, and something is to be written there.
    if (offer.action?.snippet) return "jump";
    return offer.edits ? "take" : "nothing";
  }
}

/** The note behind the line, one line of plain text. */
export function note(offer: Offer, step: Step): string {
  const key = step === "jump" ? "Tab: go there" : "Tab: apply";
  return `  ${offer.title}  (${key}, Esc: no)`;
}
