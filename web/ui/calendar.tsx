import { daysOfMonth, MONTHS, WEEKDAYS } from './months.ts';
import { Hidden } from './status.tsx';

export interface DayState {
  readonly kind: string;
  /** One character; the colour only repeats it. */
  readonly sign: string;
  readonly words: string;
}

interface CalendarProps {
  readonly year: number;
  /** The day that is open. */
  readonly chosen: string;
  readonly states: ReadonlyMap<string, DayState>;
  readonly address: (day: string) => string;
}

/** Twelve months as tables. A day is a link, with its sign beside its number. */
export function Calendar({ year, chosen, states, address }: CalendarProps) {
  return (
    <div class="months">
      {MONTHS.map((name, month) => (
        <table key={name} class="month">
          <caption>
            {name} {year}
          </caption>
          <thead>
            <tr>
              {WEEKDAYS.map((day) => (
                <th key={day} scope="col">
                  <span aria-hidden="true">{day.slice(0, 2)}</span>
                  <Hidden>{day}</Hidden>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {daysOfMonth(year, month).map((week, index) => (
              <tr key={index}>
                {week.map((day, weekday) => (
                  <td key={weekday}>
                    {day === undefined ? null : (
                      <Day
                        day={day}
                        state={states.get(day)}
                        isChosen={day === chosen}
                        address={address(day)}
                      />
                    )}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}

interface DayProps {
  readonly day: string;
  readonly state: DayState | undefined;
  readonly isChosen: boolean;
  readonly address: string;
}

function Day({ day, state, isChosen, address }: DayProps) {
  const number = Number(day.slice(8));
  if (state === undefined) {
    return (
      <span class="day none">
        {number}
        <Hidden> nothing known</Hidden>
      </span>
    );
  }
  return (
    <a class={`day ${state.kind}`} href={address} aria-current={isChosen ? 'date' : undefined}>
      {number}
      <span class="sign" aria-hidden="true">
        {state.sign}
      </span>
      <Hidden> {state.words}</Hidden>
    </a>
  );
}
